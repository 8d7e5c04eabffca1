#pragma once

#include <cstddef>

#include "core/matrix.h"

/// What every family of kernels asks of its operands, said in one way: "gemm: A is [-2,3]; dimensions must be >= 0". All
/// throw std::invalid_argument.
namespace optlab {

/// Rows and columns.
struct Extents {
  int rows;
  int columns;
};

template <class T>
Extents extents(const BasicMatrixView<T>& view) {
  return {view.rows, view.columns};
}

namespace detail {
void check_view(const char* family, const char* what, int rows, int columns, bool has_data);
void check_rows_apart(const char* family, const char* what, int rows, int columns, std::ptrdiff_t row_stride,
                      std::ptrdiff_t column_stride);
}  // namespace detail

/// Throws unless the extents are >= 0 and there is data where there are elements.
template <class T>
void check_view(const char* family, const char* what, const BasicMatrixView<T>& view) {
  detail::check_view(family, what, view.rows, view.columns, view.data != nullptr);
}

/// Throws unless the view's columns are adjacent and its rows don't overlap: what a result must be.
template <class T>
void check_rows_apart(const char* family, const char* what, const BasicMatrixView<T>& view) {
  detail::check_rows_apart(family, what, view.rows, view.columns, view.row_stride, view.column_stride);
}

/// Throws unless A is [M,K], the weights are [K,N] and C is [M,N]; `weights` is the letter that the family calls them.
void check_product(const char* family, const Extents& a, const char* weights, const Extents& b, const Extents& c);

}  // namespace optlab
