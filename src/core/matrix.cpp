#include "core/matrix.h"

#include <string>

#include "core/error.h"

namespace optlab {

void check_matrix_size(std::size_t size, int rows, int columns, std::string_view what) {
  if (checked_element_count(what, {rows, columns}) == size) return;
  throw std::invalid_argument(std::string(what) + ": shape " + format_shape({rows, columns}) + " needs " +
                              std::to_string(static_cast<long long>(rows) * columns) + " elements, got " +
                              std::to_string(size));
}

}  // namespace optlab
