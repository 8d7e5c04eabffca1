#include "core/fields.h"

#include <cmath>

#include "core/error.h"

namespace optlab {

void check_range(std::string_view who, const char* name, double value, double least, double most) {
  if (value >= least && value <= most) return;
  if (std::isinf(most)) throw_invalid({who, ": a ", name, " of ", value, "; want >= ", least});
  throw_invalid({who, ": a ", name, " of ", value, "; want ", least, " to ", most});
}

}  // namespace optlab
