#pragma once

#include <cstddef>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>

namespace optlab {

/// A view of a matrix that another object owns: element (r, c) is data[r*row_stride + c*column_stride]. Strides count
/// elements, so a transposed or sliced operand is a view and costs nothing.
template <class T>
struct BasicMatrixView {
  T* data = nullptr;
  int rows = 0;
  int columns = 0;
  std::ptrdiff_t row_stride = 0;
  std::ptrdiff_t column_stride = 1;

  T& operator()(int r, int c) const { return data[r * row_stride + c * column_stride]; }
  T* row(int r) const { return data + r * row_stride; }
  BasicMatrixView transposed() const { return {data, columns, rows, column_stride, row_stride}; }
  BasicMatrixView block(int first_row, int first_column, int row_count, int column_count) const {
    return {data + first_row * row_stride + first_column * column_stride, row_count, column_count, row_stride,
            column_stride};
  }
  operator BasicMatrixView<const T>() const { return {data, rows, columns, row_stride, column_stride}; }
};

using MatrixView = BasicMatrixView<float>;
using ConstMatrixView = BasicMatrixView<const float>;

/// Throws std::invalid_argument, naming `what`, unless rows and columns are >= 0 and their product is `size`.
void check_matrix_size(std::size_t size, int rows, int columns, std::string_view what);

/// A row-major view of a contiguous range of floats (a span, a vector, an array) that has rows*columns elements.
/// Throws: as check_matrix_size does.
template <std::ranges::contiguous_range Range>
auto matrix_view(Range&& data, int rows, int columns, std::string_view what = "matrix") {
  check_matrix_size(std::ranges::size(data), rows, columns, what);
  using Element = std::remove_reference_t<std::ranges::range_reference_t<Range>>;
  return BasicMatrixView<Element>{std::ranges::data(data), rows, columns, columns, 1};
}

/// The column of the row's largest value; the lowest one on ties. A NaN loses against every number.
int argmax(std::span<const float> row);

}  // namespace optlab
