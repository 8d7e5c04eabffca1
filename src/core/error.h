#pragma once

#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

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

/// A number for messages, to six decimals or six digits: "0.25", "3", "1.5e20", "-inf", "nan". std::to_string(double)
/// would bring printf along, 12 KB of WebAssembly.
std::string format_number(double value);

/// The product of `dimensions`, the number of elements of a tensor.
/// Throws: std::invalid_argument naming `what` and the shape if a dimension is negative or the product exceeds 2^31-1
///         (the element count that a 32-bit WebAssembly address space can index).
std::size_t checked_element_count(std::string_view what, std::span<const long long> dimensions);
inline std::size_t checked_element_count(std::string_view what, std::initializer_list<long long> dimensions) {
  return checked_element_count(what, std::span(dimensions.begin(), dimensions.size()));
}

}  // namespace optlab
