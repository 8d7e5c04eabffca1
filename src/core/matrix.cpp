#include "core/matrix.h"

#include "core/error.h"

namespace optlab {
namespace {

template <class T>
BasicMatrixView<T> checked_view(std::span<T> data, int rows, int columns, std::string_view what) {
  if (checked_element_count(what, {rows, columns}) != data.size()) {
    throw std::invalid_argument(std::string(what) + ": shape " + format_shape({rows, columns}) + " needs " +
                                std::to_string(static_cast<long long>(rows) * columns) + " elements, got " +
                                std::to_string(data.size()));
  }
  return {data.data(), rows, columns, columns, 1};
}

}  // namespace

MatrixView matrix_view(std::span<float> data, int rows, int columns, std::string_view what) {
  return checked_view(data, rows, columns, what);
}

ConstMatrixView matrix_view(std::span<const float> data, int rows, int columns, std::string_view what) {
  return checked_view(data, rows, columns, what);
}

}  // namespace optlab
