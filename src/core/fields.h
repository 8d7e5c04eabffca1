#pragma once

#include <concepts>
#include <limits>
#include <string_view>

/// A struct of options describes itself: what there is to say of a field stands once, in the struct, and the command line, JavaScript and the
/// checks of ranges go through it.
///
///   struct Sampling {
///     int top_k = 0;
///     template <class Self, class Visit>
///     static constexpr void fields(Self& self, Visit&& visit) {
///       visit(self.top_k, {.name = "top_k", .least = 0, .most = 1e6, .unit = "K", .help = "Only the K likeliest; 0: all"});
///     }
///   };
namespace optlab {

/// What there is to say of one field. A number is offered from `least` to `most`, both included. A field without `help` isn't on the command line.
struct Field {
  const char* name;  // as in C++; --top-k on the command line, topK in JavaScript
  double least = 0.0;
  double most = 0.0;
  const char* unit = "N";  // what a help text calls the value
  const char* help = "";
  const char* option = "";  // on the command line, where that isn't the name
  bool open = false;        // the library takes any larger number too; `most` is what is offered
};

template <class T>
concept Number = (std::integral<T> && !std::same_as<T, bool>) || std::floating_point<T>;

/// Throws std::invalid_argument, "<who>: a <name> of <value>; want <least> to <most>", unless the value is in the range; a NaN
/// isn't. Where `most` is infinite, the text ends with "want >= <least>".
void check_range(std::string_view who, const char* name, double value, double least, double most);

/// The same for all numbers of `options`. The ends of a range count as the field's type has them.
template <class Options>
void check_fields(std::string_view who, const Options& options) {
  // Inlined, so that help texts, which it does not use, are left out of WebAssembly.
  const auto check = [&]<class T>(const T& value, const Field& field) __attribute__((always_inline)) {
    if constexpr (Number<T>) {
      constexpr double kAny = std::numeric_limits<double>::infinity();
      check_range(who, field.name, static_cast<double>(value), static_cast<double>(static_cast<T>(field.least)),
                  field.open ? kAny : static_cast<double>(static_cast<T>(field.most)));
    }
  };
  Options::fields(options, check);
}

}  // namespace optlab
