#include "core/operands.h"

#include <string>

#include "core/error.h"

namespace optlab {
namespace {

std::string shape(const Extents& extents) { return format_shape({extents.rows, extents.columns}); }

}  // namespace

namespace detail {

void check_view(const char* family, const char* what, int rows, int columns, bool has_data) {
  if (rows < 0 || columns < 0) {
    throw_invalid({family, ": ", what, " is ", shape({rows, columns}), "; dimensions must be >= 0"});
  }
  if (!has_data && rows > 0 && columns > 0) throw_invalid({family, ": ", what, " has no data"});
}

void check_rows_apart(const char* family, const char* what, int rows, int columns, std::ptrdiff_t row_stride,
                      std::ptrdiff_t column_stride) {
  if (column_stride == 1 && (rows <= 1 || row_stride >= columns)) return;
  throw_invalid({family, ": ", what, "'s strides are ", row_stride, " and ", column_stride,
                 "; its columns must be adjacent and its rows apart"});
}

}  // namespace detail

void check_product(const char* family, const Extents& a, const char* weights, const Extents& b, const Extents& c) {
  if (a.columns == b.rows && c.rows == a.rows && c.columns == b.columns) return;
  throw_invalid({family, ": A is ", shape(a), ", ", weights, " ", shape(b), " and C ", shape(c), "; want A[M,K], ",
                 weights, "[K,N], C[M,N]"});
}

}  // namespace optlab
