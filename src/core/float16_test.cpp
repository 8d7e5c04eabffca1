#include "core/float16.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/test_support.h"

namespace optlab {
namespace {

/// The definition: (-1)^s · 2^(e-15) · (1 + f/1024), subnormal below.
double value_of(int half) {
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  const double sign = half & 0x8000 ? -1.0 : 1.0;
  if (exponent == 31) {
    return fraction == 0 ? sign * std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

TEST(Float16, AllValuesGoThereAndBack) {
  for (int h = 0; h < 65536; ++h) {
    const auto half = static_cast<std::uint16_t>(h);
    const float value = from_half(half);
    if (std::isnan(value_of(h))) {
      EXPECT_TRUE(std::isnan(value)) << h;
      EXPECT_EQ(to_half(value), half | 0x200) << h;  // quiet, the payload kept
      continue;
    }
    EXPECT_EQ(static_cast<double>(value), value_of(h)) << h;
    EXPECT_EQ(std::signbit(value), h >= 0x8000) << h;
    EXPECT_EQ(to_half(value), half) << h;
  }
}

TEST(Float16, RoundsToNearestAndTiesToEven) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (int sign = 0; sign < 2; ++sign) {
    const float s = sign == 0 ? 1.0F : -1.0F;
    for (int h = 0; h < 0x7C00; ++h) {  // every gap, the one before infinity too
      const double below = value_of(h), above = h == 0x7BFF ? 65536.0 : value_of(h + 1);
      const auto middle = static_cast<float>((below + above) / 2.0);
      ASSERT_EQ(static_cast<double>(middle), (below + above) / 2.0);
      const int lower = h | sign << 15, upper = (h + 1) | sign << 15;
      EXPECT_EQ(to_half(s * middle), h % 2 == 0 ? lower : upper) << h;
      EXPECT_EQ(to_half(s * std::nextafter(middle, 0.0F)), lower) << h;
      EXPECT_EQ(to_half(s * std::nextafter(middle, infinity)), upper) << h;
    }
    EXPECT_EQ(to_half(s * 1e30F), 0x7C00 | sign << 15);
    EXPECT_EQ(to_half(s * infinity), 0x7C00 | sign << 15);
    EXPECT_EQ(to_half(s * std::numeric_limits<float>::denorm_min()), sign << 15);
  }
}

TEST(Float16, ConvertsArraysOfOneSize) {
  const std::vector<float> from = {1.0F, -2.5F, 0.1F};
  std::vector<std::uint16_t> half(3);
  std::vector<float> back(3);
  to_half(from, half);
  from_half(half, back);
  EXPECT_EQ(half, (std::vector<std::uint16_t>{0x3C00, 0xC100, 0x2E66}));
  EXPECT_EQ(back[1], -2.5F);
  std::vector<float> two(2);
  EXPECT_THROW(to_half(two, half), std::invalid_argument);
  EXPECT_THROW(from_half(half, two), std::invalid_argument);
}

}  // namespace
}  // namespace optlab
