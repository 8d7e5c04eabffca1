#include <algorithm>

#include "gemm/gemm_kernels.h"

/// Copying a block into the order of use. This moves data and computes nothing, so one version serves every ISA.
namespace optlab::gemm::detail {
namespace {

using Vector = float __attribute__((vector_size(16), aligned(4), may_alias));

/// Rows of `width` adjacent floats.
template <int kWidth>
void pack_rows(const float* from, std::ptrdiff_t stride, int depth, float* to) {
  for (int k = 0; k < depth; ++k, from += stride, to += kWidth) {
    for (int i = 0; i < kWidth; ++i) to[i] = from[i];
  }
}

/// Four columns of `block`, each adjacent in memory, to four floats side by side: 4×4 elements at a time are transposed
/// in registers.
void pack_four_columns(const float* from, std::ptrdiff_t stride, int depth, int padded_width, float* to) {
  int k = 0;
  for (; k + 4 <= depth; k += 4) {
    const auto column = [&](int i) { return *reinterpret_cast<const Vector*>(from + i * stride + k); };
    const auto row = [&](int i) -> Vector& { return *reinterpret_cast<Vector*>(to + (k + i) * padded_width); };
    const Vector low01 = __builtin_shufflevector(column(0), column(1), 0, 4, 1, 5);
    const Vector low23 = __builtin_shufflevector(column(2), column(3), 0, 4, 1, 5);
    const Vector high01 = __builtin_shufflevector(column(0), column(1), 2, 6, 3, 7);
    const Vector high23 = __builtin_shufflevector(column(2), column(3), 2, 6, 3, 7);
    row(0) = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
    row(1) = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
    row(2) = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
    row(3) = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
  }
  for (; k < depth; ++k) {
    for (int i = 0; i < 4; ++i) to[k * padded_width + i] = from[i * stride + k];
  }
}

}  // namespace

void pack(const ConstMatrixView& block, int padded_width, float* to) noexcept {
  const int depth = block.rows;
  if (block.column_stride == 1 && block.columns == padded_width) {
    switch (padded_width) {
      case 4:
        return pack_rows<4>(block.data, block.row_stride, depth, to);
      case 6:
        return pack_rows<6>(block.data, block.row_stride, depth, to);
      case 8:
        return pack_rows<8>(block.data, block.row_stride, depth, to);
      case 16:
        return pack_rows<16>(block.data, block.row_stride, depth, to);
      case 32:
        return pack_rows<32>(block.data, block.row_stride, depth, to);
      default:
        break;
    }
  }
  int column = 0;
  if (block.row_stride == 1) {
    for (; column + 4 <= block.columns; column += 4) {
      pack_four_columns(block.data + column * block.column_stride, block.column_stride, depth, padded_width,
                        to + column);
    }
  }
  for (int k = 0; k < depth; ++k) {
    float* row = to + static_cast<std::ptrdiff_t>(k) * padded_width;
    for (int i = column; i < block.columns; ++i) row[i] = block(k, i);
    std::fill(row + block.columns, row + padded_width, 0.0F);
  }
}

}  // namespace optlab::gemm::detail
