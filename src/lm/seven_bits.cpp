#include "lm/seven_bits.h"

#include <algorithm>
#include <limits>

#include "gemm/weight_only.h"

/// Plain loops that compilers make vectors of: nothing in them depends on the order of elements.
namespace optlab::lm::detail {
namespace {

constexpr float kMost = 127.0F;
constexpr int kStripes = 16;

/// To the nearest integer, ties to even, for |value| < 2^22.
float rounded(float value) { return (value + 12582912.0F) - 12582912.0F; }

struct Extremes {
  float low = 0.0F;
  float high = 0.0F;
  float odd = 0.0F;  // NaN if there is a NaN or an infinity
};

Extremes extremes_of(const float* x, int count) {
  float low[kStripes] = {}, high[kStripes] = {}, odd[kStripes] = {};
  const auto see = [&](int stripe, float value) __attribute__((always_inline)) {
    low[stripe] = value < low[stripe] ? value : low[stripe];
    high[stripe] = value > high[stripe] ? value : high[stripe];
    odd[stripe] += value - value;
  };
  int i = 0;
  for (; i + kStripes <= count; i += kStripes) {
    for (int s = 0; s < kStripes; ++s) see(s, x[i + s]);
  }
  for (; i < count; ++i) see(i % kStripes, x[i]);
  Extremes result;
  for (int s = 0; s < kStripes; ++s) {
    result.low = std::min(result.low, low[s]);
    result.high = std::max(result.high, high[s]);
    result.odd += odd[s];
  }
  return result;
}

}  // namespace

SevenBits quantize_row(const float* x, int count, std::uint8_t* to) noexcept {
  const auto [low, high, odd] = extremes_of(x, count);
  const float scale = (high - low) / kMost;
  // Nothing but zeros, or numbers too small or too large to have a scale, or none at all.
  const bool scales = scale > 0.0F && scale <= std::numeric_limits<float>::max() && odd == odd;
  if (!scales) {
    std::fill_n(to, count, std::uint8_t{0});
    return {high == low && odd == odd ? 0.0F : std::numeric_limits<float>::quiet_NaN(), 0};
  }
  const float zero = rounded(-low / scale);
  for (int i = 0; i < count; ++i) {
    const float value = rounded(x[i] / scale) + zero;
    const float above = value > 0.0F ? value : 0.0F;
    to[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(above < kMost ? above : kMost));
  }
  return {scale, static_cast<int>(zero)};
}

void dequantize_row(const std::int32_t* sums, const SevenBits& row, const std::int32_t* column_sums,
                    const float* scales, int count, float* y) noexcept {
  for (int n = 0; n < count; ++n) {
    y[n] = static_cast<float>(sums[n] - row.zero_point * column_sums[n]) * (row.scale * scales[n]);
  }
}

void scale_row(const float* product, const float* scales, std::ptrdiff_t stride, int count, float* y) noexcept {
  constexpr int kColumns = gemm::kWeightColumns;
  const auto scale = [&](int width) __attribute__((always_inline)) {
    if (product == nullptr) {
      for (int i = 0; i < width; ++i) y[i] = y[i] * scales[i];
    } else {
      for (int i = 0; i < width; ++i) y[i] = y[i] + product[i] * scales[i];
    }
  };
  for (; count >= kColumns; count -= kColumns, y += kColumns, scales += stride) {
    scale(kColumns);  // a number that compilers see
    if (product != nullptr) product += kColumns;
  }
  scale(count);
}

}  // namespace optlab::lm::detail
