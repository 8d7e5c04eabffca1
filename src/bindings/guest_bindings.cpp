#include <emscripten/bind.h>

#include <cstdint>

#include "bindings/guard.h"
#include "bindings/whole.h"
#include "kvcache/guest.h"

namespace optlab::bindings {
namespace {

/// A function pointer is an index into the module's table.
template <class Function>
Function function_at(double index) {
  return reinterpret_cast<Function>(static_cast<std::uintptr_t>(whole("table index", index)));
}

void set_decoder_guest(double attend, double append, double slot_of) {
  kvcache::set_guest({function_at<kvcache::GuestAttend>(attend), function_at<kvcache::GuestAppend>(append),
                      function_at<kvcache::GuestSlot>(slot_of)});
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_guest) {
  // For decoders with `own` (web/src/lab/guest.ts): the table's slots of attend, kv_append and slot_of; 0: the library's.
  emscripten::function("setDecoderGuest", guard<&set_decoder_guest>);
}

}  // namespace optlab::bindings
