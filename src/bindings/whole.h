#pragma once

#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/error.h"

namespace optlab::bindings {

/// A JavaScript number as an int. Embind would convert by itself, but an optimized build wraps what doesn't fit (2^32 +
/// 2 becomes 2), truncates fractions and takes NaN for 0. Throws std::invalid_argument naming `what`.
inline int whole(const char* what, double value) {
  if (value >= std::numeric_limits<int>::min() && value <= std::numeric_limits<int>::max() &&
      value == std::trunc(value)) {
    return static_cast<int>(value);
  }
  throw_invalid({what, " is ", value, "; a whole number from -2147483648 to 2147483647 is wanted"});
}

}  // namespace optlab::bindings
