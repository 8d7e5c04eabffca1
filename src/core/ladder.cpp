#include "core/ladder.h"

#include <stdexcept>

namespace optlab::detail {

void append_name(std::string& names, std::string_view name) {
  if (!names.empty()) names += ", ";
  names += name;
}

void refuse_name(std::string_view family, std::string_view name, const std::string& names) {
  throw std::invalid_argument(std::string(family) + ": no variant \"" + std::string(name) + "\" here; there are " +
                              names);
}

}  // namespace optlab::detail
