#include "core/error.h"

#include <cmath>
#include <limits>

namespace optlab {

std::string format_shape(std::span<const long long> dimensions) {
  std::string text = "[";
  for (long long dimension : dimensions) {
    if (text.size() > 1) text += ',';
    text += std::to_string(dimension);
  }
  return text + "]";
}

void Piece::append_to(std::string& message) const {
  switch (kind_) {
    case kText:
      message += text_;
      break;
    case kSigned:
      message += std::to_string(static_cast<std::int64_t>(integer_));
      break;
    case kUnsigned:
      message += std::to_string(integer_);
      break;
    case kReal:
      message += format_number(real_);
      break;
  }
}

std::string text(std::initializer_list<Piece> pieces) {
  std::string message;
  for (const Piece& piece : pieces) piece.append_to(message);
  return message;
}

void throw_invalid(std::initializer_list<Piece> pieces) { throw std::invalid_argument(text(pieces)); }

std::string format_number(double value) {
  if (value != value) return "nan";
  std::string text = value < 0 ? "-" : "";
  value = value < 0 ? -value : value;
  if (value > std::numeric_limits<double>::max()) return text + "inf";
  int exponent = 0;
  if (value >= 1e12) {
    for (; value >= 10; ++exponent) value /= 10;
  } else if (value > 0 && value < 1e-3) {
    for (; value < 1; --exponent) value *= 10;
  }
  constexpr long long kMillion = 1'000'000;
  const auto millionths = std::llround(value * 1e6);
  text += std::to_string(millionths / kMillion);
  std::string decimals = std::to_string(kMillion + millionths % kMillion);
  decimals.front() = '.';
  if (millionths % kMillion != 0) text += decimals.substr(0, decimals.find_last_not_of('0') + 1);
  return exponent == 0 ? text : text + "e" + std::to_string(exponent);
}

std::size_t checked_element_count(std::string_view what, std::span<const long long> dimensions) {
  constexpr long long kMost = std::numeric_limits<int>::max();
  bool empty = false;
  for (long long dimension : dimensions) {
    if (dimension < 0) {
      throw_invalid({what, ": shape ", format_shape(dimensions), " has a negative dimension; dimensions must be >= 0"});
    }
    empty = empty || dimension == 0;
  }
  if (empty) return 0;
  long long count = 1;
  for (long long dimension : dimensions) {
    if (dimension > kMost / count) {
      throw_invalid({what, ": shape ", format_shape(dimensions), " has more than ", kMost, " elements"});
    }
    count *= dimension;
  }
  return static_cast<std::size_t>(count);
}

}  // namespace optlab
