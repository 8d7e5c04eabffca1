#include "core/error.h"

#include <limits>

namespace optlab {

std::string format_shape(std::span<const long long> dimensions) {
  std::string text = "[";
  for (long long dimension : dimensions) {
    if (text.size() > 1) text += ',';
    text += std::to_string(dimension);
  }
  return text + "]";
}

std::size_t checked_element_count(std::string_view what, std::span<const long long> dimensions) {
  constexpr long long kMost = std::numeric_limits<int>::max();
  bool empty = false;
  for (long long dimension : dimensions) {
    if (dimension < 0) {
      throw std::invalid_argument(std::string(what) + ": shape " + format_shape(dimensions) +
                                  " has a negative dimension; dimensions must be >= 0");
    }
    empty = empty || dimension == 0;
  }
  if (empty) return 0;
  long long count = 1;
  for (long long dimension : dimensions) {
    if (dimension > kMost / count) {
      throw std::invalid_argument(std::string(what) + ": shape " + format_shape(dimensions) + " has more than " +
                                  std::to_string(kMost) + " elements");
    }
    count *= dimension;
  }
  return static_cast<std::size_t>(count);
}

}  // namespace optlab
