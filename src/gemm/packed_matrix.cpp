#include "gemm/packed_matrix.h"

#include <algorithm>

#include "core/error.h"
#include "gemm/gemm_kernels.h"

namespace optlab::gemm {
namespace {

detail::PanelLayout layout_of(const PanelFormat& format, int rows, int columns) {
  // Without panels: one that is as wide as the matrix, which is to say row by row.
  return {rows, columns, format.columns == 0 ? std::max(columns, 1) : format.columns, format.lanes};
}

}  // namespace

PackedMatrix::PackedMatrix(const Variant& variant, ConstMatrixView b)
    : rows_(b.rows), columns_(b.columns), format_(variant.panels), has_value_(true) {
  if (b.rows < 0 || b.columns < 0 || (b.data == nullptr && b.rows > 0 && b.columns > 0)) {
    throw_invalid({"PackedMatrix: B is ", format_shape({b.rows, b.columns}),
                   (b.data == nullptr ? " without data" : "; dimensions must be >= 0")});
  }
  const detail::PanelLayout layout = layout_of(format_, rows_, columns_);
  data_ = AlignedBuffer<float>(layout.floats());
  for (int p = 0; p < layout.panels(); ++p) {
    detail::pack(b.block(0, p * layout.panel_columns, rows_, layout.width(p)), layout.padded_width(p),
                 data_.data() + layout.offset(p));
  }
}

void multiply(const Variant& variant, ConstMatrixView a, const PackedMatrix& b, MatrixView c, const Epilogue& epilogue,
              Context& context) {
  if (!b.fits(variant)) {
    throw_invalid({"gemm: B is packed in panels of ", b.format().columns, " columns, ", variant.name,
                   " reads panels of ", variant.panels.columns, "; pack it for this variant"});
  }
  const ConstMatrixView rows{b.data().data(), b.rows(), b.columns(), b.columns(), 1};
  multiply(variant, {a, rows, c, epilogue, variant.panels.columns == 0 ? nullptr : b.data().data()}, context);
}

}  // namespace optlab::gemm
