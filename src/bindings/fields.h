#pragma once

#include <emscripten/val.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "core/fields.h"

/// A struct of options as JavaScript has it: an object with the struct's fields (core/fields.h), top_k being topK.
namespace optlab::bindings {

/// Text of which as much is known at compile time as types of TypeScript need.
struct TypeText {
  std::array<char, 1000> text{};
  std::size_t size = 0;

  constexpr void add(std::string_view more) {
    for (const char c : more) text[size++] = c;
  }
  /// "top_k" as "topK".
  constexpr void add_name(std::string_view name) {
    bool upper = false;
    for (const char c : name) {
      if (c != '_') text[size++] = upper ? static_cast<char>(c - 'a' + 'A') : c;
      upper = c == '_';
    }
  }
};

/// "{ topK: number; … }", with `more` of the form "a: string; " before the fields.
template <class Options>
constexpr TypeText type_text(std::string_view more = "") {
  TypeText type;
  type.add("{ ");
  type.add(more);
  Options options;
  Options::fields(options, [&]<class T>(const T&, const Field& field) {
    type.add_name(field.name);
    type.add(Number<T> ? ": number; " : ": boolean; ");
  });
  type.add("}");
  return type;
}

/// The same, zero-terminated and no longer than it has to be.
template <const TypeText& kType>
inline constexpr auto kTypeName = [] {
  std::array<char, kType.size + 1> text{};
  for (std::size_t i = 0; i < kType.size; ++i) text[i] = kType.text[i];
  return text;
}();

/// of[topK] for the field top_k. Throws std::invalid_argument naming it unless it is whole, from `least` to `most`.
double whole_of(const emscripten::val& of, const char* field, double least, double most);
double number_of(const emscripten::val& of, const char* field);
bool flag_of(const emscripten::val& of, const char* field);

/// The fields of `options` from an object's. Ranges that are no type's are left to who uses the options.
template <class Options>
void read_fields(const emscripten::val& of, Options& options) {
  const auto read = [&]<class T>(T & value, const Field& field) __attribute__((always_inline)) {
    if constexpr (std::same_as<T, bool>) {
      value = flag_of(of, field.name);
    } else if constexpr (std::integral<T>) {
      // Of 64 bits, what a double holds exactly, and a seed is never negative.
      constexpr bool kWide = sizeof(T) > 4;
      constexpr double kMost = kWide ? 9007199254740991.0 : std::numeric_limits<T>::max();
      value = static_cast<T>(whole_of(of, field.name, kWide ? 0.0 : std::numeric_limits<T>::min(), kMost));
    } else {
      value = static_cast<T>(number_of(of, field.name));
    }
  };
  Options::fields(options, read);
}

}  // namespace optlab::bindings
