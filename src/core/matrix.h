#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace optlab {

/// View of a matrix that somebody else owns: element (r, c) is data[r*row_stride + c*column_stride]. Strides count elements, so a
/// transposed or sliced operand is a view and costs nothing.
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

/// Row-major views of contiguous memory. Throws std::invalid_argument, naming `what`, if the span's size isn't rows*columns.
MatrixView matrix_view(std::span<float> data, int rows, int columns, std::string_view what = "matrix");
ConstMatrixView matrix_view(std::span<const float> data, int rows, int columns, std::string_view what = "matrix");

}  // namespace optlab
