#include "core/digest.h"

namespace optlab {

std::string Digest::hex() const {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (int i = 0; i < 16; ++i) text[i] = kDigits[(state_ >> (60 - 4 * i)) & 15];
  return text;
}

}  // namespace optlab
