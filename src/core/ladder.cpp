#include "core/ladder.h"

#include "core/error.h"

namespace optlab::detail {

void append_name(std::string& names, std::string_view name) {
  if (!names.empty()) names += ", ";
  names += name;
}

void refuse_name(std::string_view family, std::string_view name, const std::string& names) {
  throw_invalid({family, ": no variant \"", name, "\" here; there are ", names});
}

}  // namespace optlab::detail
