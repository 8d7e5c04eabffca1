#include "core/matrix.h"

#include <string>

#include "core/error.h"

namespace optlab {

void check_matrix_size(std::size_t size, int rows, int columns, std::string_view what) {
  if (checked_element_count(what, {rows, columns}) == size) return;
  throw_invalid({what, ": shape ", format_shape({rows, columns}), " needs ", static_cast<long long>(rows) * columns,
                 " elements, got ", size});
}

int argmax(std::span<const float> row) {
  std::size_t best = 0;
  for (std::size_t j = 1; j < row.size(); ++j) {
    if (row[j] > row[best] || (row[best] != row[best] && row[j] == row[j])) best = j;
  }
  return static_cast<int>(best);
}

}  // namespace optlab
