#pragma once

#include <emscripten/val.h>

#include <string_view>

#include "core/ladder.h"

/// Every family's ladder as JavaScript sees it: arrays of one type, VariantInfo.
namespace optlab::bindings {

EMSCRIPTEN_DECLARE_VAL_TYPE(VariantArray)

/// A rung of any ladder; `mode` is "exact", "fast" or "int8".
struct LadderRow {
  std::string_view name;
  std::string_view idea;
  std::string_view isa;
  const char* mode;
  bool threaded;
  bool supported;
  bool prepacked = false;
};

void push_row(const emscripten::val& rows, const LadderRow& row);

/// To be exported: the rows that `variants()` lists, of any family.
template <auto variants>
VariantArray ladder() {
  const emscripten::val rows = emscripten::val::array();
  for (const Row& row : variants()) {
    push_row(rows,
             {row.name, row.idea, row.isa, row.mode == Mode::kExact ? "exact" : "fast", row.threaded, row.supported()});
  }
  return VariantArray(rows);
}

}  // namespace optlab::bindings
