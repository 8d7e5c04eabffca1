#include "guest/slots.h"

#include <string>
#include <vector>

#include "core/error.h"

namespace optlab::guest {
namespace {

std::vector<AnySlot*>& all() {
  static std::vector<AnySlot*> list;
  return list;
}

}  // namespace

AnySlot::AnySlot(std::string_view declaration) : declaration_(declaration) { all().push_back(this); }

std::string_view AnySlot::name() const {
  const std::string_view before = declaration_.substr(0, declaration_.find('('));
  return before.substr(before.rfind(' ') + 1);
}

std::span<AnySlot* const> slots() { return all(); }

void install(std::string_view name, Function function) {
  std::string names;
  for (AnySlot* const slot : all()) {
    if (slot->name() == name) return slot->install(function);
    names += (names.empty() ? "" : ", ") + std::string(slot->name());
  }
  throw_invalid({"there is no slot for a guest called '", name, "' (allowed: ", names, ")"});
}

void clear() {
  for (AnySlot* const slot : all()) slot->install(nullptr);
}

}  // namespace optlab::guest
