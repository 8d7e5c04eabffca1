#include <emscripten/bind.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "bindings/guard.h"
#include "bindings/whole.h"
#include "guest/slots.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(Declarations)

Declarations guest_slots() {
  const val list = val::array();
  for (const guest::AnySlot* slot : guest::slots()) list.call<void>("push", std::string(slot->declaration()));
  return Declarations(list);
}

/// Memory for modules that are linked to live in ours, and where it begins; kept until there is another. Guests that
/// lived there leave.
double reserve_guests(double bytes) {
  static std::unique_ptr<std::byte[]> room;
  constexpr std::uintptr_t kAlignment = 64;
  guest::clear();
  room = nullptr;
  room = std::make_unique<std::byte[]>(whole("bytes", bytes) + kAlignment);
  const auto address = reinterpret_cast<std::uintptr_t>(room.get());
  return static_cast<double>((address + kAlignment - 1) / kAlignment * kAlignment);
}

/// A function pointer is an index into the module's table.
void install_guest(const std::string& slot, double index) {
  guest::install(slot, reinterpret_cast<guest::Function>(static_cast<std::uintptr_t>(whole("table index", index))));
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_guest) {
  using emscripten::function;
  emscripten::register_type<Declarations>("string[]");
  // For web/src/lab/guest.ts: the slots' declarations; the address of memory for guests; a function of the table into a slot.
  function("guestSlots", &guest_slots);
  function("reserveGuests", guard<&reserve_guests>);
  function("installGuest", guard<&install_guest>);
}

}  // namespace optlab::bindings
