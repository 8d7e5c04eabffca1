#include "core/ladder.h"

#include "core/error.h"

namespace optlab {

std::string_view lasting_name(std::string_view first, std::string_view second) {
  char* const name = new char[first.size() + second.size()];
  second.copy(name + first.copy(name, first.size()), second.size());
  return {name, first.size() + second.size()};
}

namespace detail {

void append_name(std::string& names, std::string_view name) {
  if (!names.empty()) names += ", ";
  names += name;
}

void refuse_name(std::string_view family, std::string_view name, const std::string& names) {
  throw_invalid({family, ": no variant \"", name, "\" here; there are ", names});
}

}  // namespace detail
}  // namespace optlab
