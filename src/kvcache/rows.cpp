#include "kvcache/rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>

#include "attention/key_panels.h"
#include "core/float16.h"

namespace optlab::kvcache::detail {
namespace {

constexpr float kSteps = 127.0F;

/// To the nearest integer, ties to even, for |value| < 2^22: adding 1.5·2^23 leaves no bit for a fraction.
float rounded(float value) { return (value + 12582912.0F) - 12582912.0F; }

}  // namespace

void encode(const float* from, int size, std::uint16_t* to, std::ptrdiff_t step) noexcept {
  for (int d = 0; d < size; ++d) to[d * step] = to_half(from[d]);
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

void decode(const std::uint16_t* from, int count, float* to) noexcept {
  // Without a branch, so that compilers take several at a time: the bits where float32 has them are 2^112 too small, and
  // infinities and NaNs need the exponent that says so.
  for (int i = 0; i < count; ++i) {
    const std::uint32_t half = from[i];
    const std::uint32_t moved = (half & 0x8000U) << 16 | (half & 0x7FFFU) << 13;
    const auto bits = std::bit_cast<std::uint32_t>(std::bit_cast<float>(moved) * 0x1p112F);
    to[i] = std::bit_cast<float>(bits | ((half & 0x7C00U) == 0x7C00U ? 0x7F800000U : 0U));
  }
}

void decode(const std::int8_t* from, int count, float scale, float* to) noexcept {
  for (int i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]) * scale;
}

void decode_panel(const std::int8_t* from, int size, const float* scales, float* to) noexcept {
  using attention::kPanelKeys;
  for (int d = 0; d < size; ++d) {
    for (int i = 0; i < kPanelKeys; ++i) {
      to[d * kPanelKeys + i] = static_cast<float>(from[d * kPanelKeys + i]) * scales[i];
    }
  }
}

}  // namespace optlab::kvcache::detail
