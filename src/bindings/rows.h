#pragma once

#include <emscripten/val.h>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/fields.h"

/// Many numbers as JavaScript gets them: { fields: 'layer,begin,seconds', values: Float64Array }, row after row (web/src/lab/rows.ts).
/// A row's fields are stated once, by a function object:
///
///   constexpr auto kSpan = [](const LayerSpan& span, const auto& visit) { visit("layer", span.layer); … };
///
/// What has to be computed stands in a function: the names are wanted at compile time.
namespace optlab::bindings {

namespace detail {
/// Outside of the template: each of its instances would have this code.
inline emscripten::val rows(std::string_view fields, const emscripten::val& values) {
  emscripten::val result = emscripten::val::object();
  result.set("fields", std::string(fields));
  result.set("values", values);
  return result;
}
}  // namespace detail

/// Rows of what `kFields` says of a Row, as values of type Number.
template <class Row, const auto& kFields, class Number = double>
class Rows {
  static constexpr bool kIsWhole = std::is_same_v<Number, std::int32_t>;
  static_assert(kIsWhole || std::is_same_v<Number, double>);
  static constexpr const char* kArray = kIsWhole ? "Int32Array" : "Float64Array";
  static constexpr std::size_t kCount = [] {
    std::size_t count = 0;
    kFields(Row{}, [&](const char*, const auto&) { ++count; });
    return count;
  }();

 public:
  /// In TypeScript, with the fields' names.
  static constexpr TypeText kType = [] {
    TypeText type;
    type.add("{ fields: '");
    bool first = true;
    kFields(Row{}, [&](const char* name, const auto&) {
      if (!first) type.add(",");
      type.add_name(name);
      first = false;
    });
    type.add("'; values: ");
    type.add(kArray);
    type.add(" }");
    return type;
  }();

  void add(const Row& row) {
    values_.resize(values_.size() + kCount);
    Number* to = values_.data() + values_.size() - kCount;
    kFields(row, [&]<class Value>(const char*, const Value& value) {
      if constexpr (std::invocable<Value>) {
        *to++ = static_cast<Number>(value());
      } else {
        *to++ = static_cast<Number>(value);
      }
    });
  }
  emscripten::val value() const {
    constexpr std::string_view kText(kTypeName<kType>.data(), kType.size);
    constexpr std::size_t kFrom = kText.find('\'') + 1;
    return detail::rows(kText.substr(kFrom, kText.rfind('\'') - kFrom), copy_to(kArray, values_));
  }

 private:
  std::vector<Number> values_;
};

}  // namespace optlab::bindings
