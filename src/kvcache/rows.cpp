#include "kvcache/rows.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "core/float16.h"

namespace optlab::kvcache::detail {
namespace {

constexpr float kSteps = 127.0F;

/// To the nearest integer, ties to even, for |value| < 2^22: adding 1.5·2^23 leaves no bit for a fraction.
float rounded(float value) { return (value + 12582912.0F) - 12582912.0F; }

}  // namespace

bool encode(const float* from, int size, std::uint16_t* to, std::ptrdiff_t step) noexcept {
  constexpr int kExponent = 0x7C00;  // of infinities and NaNs alone
  bool finite = true;
  for (int d = 0; d < size; ++d) {
    to[d * step] = to_half(from[d]);
    finite = finite && (to[d * step] & kExponent) != kExponent;
  }
  return finite;
}

float encode(const float* from, int size, std::int8_t* to, std::ptrdiff_t step) noexcept {
  float largest = 0.0F;
  bool finite = true;
  for (int d = 0; d < size; ++d) {
    finite = finite && std::isfinite(from[d]);
    largest = std::max(largest, std::fabs(from[d]));
  }
  const float scale = finite ? largest / kSteps : std::numeric_limits<float>::quiet_NaN();
  for (int d = 0; d < size; ++d) {
    // A scale so small that it rounds to 0 or loses bits is the clamp's affair.
    const float quotient = finite && scale > 0.0F ? from[d] / scale : 0.0F;
    to[d * step] = static_cast<std::int8_t>(rounded(std::clamp(quotient, -kSteps, kSteps)));
  }
  return scale;
}

}  // namespace optlab::kvcache::detail
