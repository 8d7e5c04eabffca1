#pragma once

#include <emscripten/val.h>

#include <vector>

namespace optlab::bindings {

/// One copy of a typed array into WebAssembly memory, by the array's own set().
template <class T>
std::vector<T> copy_from(const emscripten::val& typed_array) {
  std::vector<T> values(typed_array["length"].as<unsigned>());
  emscripten::val(emscripten::typed_memory_view(values.size(), values.data())).call<void>("set", typed_array);
  return values;
}

/// A new typed array of the type named, with a copy of the values, which are a vector or a span.
template <class Values>
emscripten::val copy_to(const char* type, const Values& values) {
  return emscripten::val::global(type).new_(emscripten::typed_memory_view(values.size(), values.data()));
}

}  // namespace optlab::bindings
