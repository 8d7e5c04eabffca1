#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace optlab {

/// Input data (a file, a byte stream) that is not what it claims to be. Bad arguments are std::invalid_argument, which
/// JavaScript sees as RangeError; a DataError arrives there as an Error named "DataError".
class DataError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// "[2,3,4]", for messages.
std::string format_shape(std::span<const long long> dimensions);
inline std::string format_shape(std::initializer_list<long long> dimensions) {
  return format_shape(std::span(dimensions.begin(), dimensions.size()));
}

/// A part of a message: text, or a number as `format_number` or std::to_string writes it.
class Piece {
 public:
  Piece(const char* text) : text_(text) {}               // NOLINT(google-explicit-constructor)
  Piece(std::string_view text) : text_(text) {}          // NOLINT(google-explicit-constructor)
  Piece(const std::string& text) : text_(text) {}        // NOLINT(google-explicit-constructor)
  Piece(double number) : real_(number), kind_(kReal) {}  // NOLINT(google-explicit-constructor)
  template <std::integral Integer>
  requires(!std::same_as<Integer, char> && !std::same_as<Integer, bool>)
      Piece(Integer number)  // NOLINT(google-explicit-constructor)
      : integer_(static_cast<std::uint64_t>(number)), kind_(std::is_signed_v<Integer> ? kSigned : kUnsigned) {}

  void append_to(std::string& message) const;

 private:
  enum Kind { kText, kSigned, kUnsigned, kReal };
  union {
    std::string_view text_;
    std::uint64_t integer_;
    double real_;
  };
  Kind kind_ = kText;
};

/// "layer 2: x is [3,4], want [3,5]" from its pieces. Not `+` and std::to_string: those are two hundred bytes of
/// WebAssembly a message.
std::string text(std::initializer_list<Piece> pieces);

/// Throws std::invalid_argument with that text.
[[noreturn]] void throw_invalid(std::initializer_list<Piece> pieces);

/// To six decimals or six digits: "0.25", "3", "1.5e20", "-inf", "nan". std::to_string(double) would bring printf along.
std::string format_number(double value);

/// The product of `dimensions`, the number of elements of a tensor.
/// Throws: std::invalid_argument naming `what` and the shape if a dimension is negative or the product exceeds 2^31-1
///         (the element count that a 32-bit WebAssembly address space can index).
std::size_t checked_element_count(std::string_view what, std::span<const long long> dimensions);
inline std::size_t checked_element_count(std::string_view what, std::initializer_list<long long> dimensions) {
  return checked_element_count(what, std::span(dimensions.begin(), dimensions.size()));
}

}  // namespace optlab
