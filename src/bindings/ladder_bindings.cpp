#include <emscripten/bind.h>

#include <string>

#include "bindings/ladder.h"

namespace optlab::bindings {

using emscripten::val;

void push_row(const val& rows, const LadderRow& row) {
  val info = val::object();
  info.set("name", std::string(row.name));
  info.set("idea", std::string(row.idea));
  info.set("isa", std::string(row.isa));
  info.set("mode", val(row.mode));
  info.set("threaded", row.threaded);
  info.set("prepacked", row.prepacked);
  info.set("supported", row.supported);
  rows.call<void>("push", info);
}

EMSCRIPTEN_BINDINGS(optlab_ladder) {
  emscripten::register_type<VariantArray>(
      "{ name: string; idea: string; isa: string; mode: 'exact' | 'fast' | 'int8'; threaded: boolean; prepacked: "
      "boolean; supported: boolean }[]");
}

}  // namespace optlab::bindings
