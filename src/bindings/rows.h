#pragma once

#include <emscripten/val.h>

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
namespace optlab::bindings {

/// Rows of what `kFields` says of a Row, as values of type Number.
template <class Row, const auto& kFields, class Number = double>
class Rows {
  static constexpr bool kIsWhole = std::is_same_v<Number, std::int32_t>;
  static_assert(kIsWhole || std::is_same_v<Number, double>);

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
    type.add(kIsWhole ? "'; values: Int32Array }" : "'; values: Float64Array }");
    return type;
  }();

  void add(const Row& row) {
    kFields(row, [&](const char*, const auto& value) { values_.push_back(static_cast<Number>(value)); });
  }
  emscripten::val value() const {
    constexpr std::string_view kText(kTypeName<kType>.data(), kType.size);
    constexpr std::size_t kFrom = kText.find('\'') + 1;
    emscripten::val result = emscripten::val::object();
    result.set("fields", std::string(kText.substr(kFrom, kText.rfind('\'') - kFrom)));
    result.set("values", copy_to(kIsWhole ? "Int32Array" : "Float64Array", values_));
    return result;
  }

 private:
  std::vector<Number> values_;
};

}  // namespace optlab::bindings
