#include "core/math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "core/digest.h"

namespace optlab::math {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

constexpr std::uint32_t kStride = 1067;  // four million values; all of them would take minutes under qemu

template <class Visit>
void for_each_float(float low, float high, const Visit& visit) {
  for (std::uint64_t bits = 0; bits <= 0xFFFFFFFFU; bits += kStride) {
    const float x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (x >= low && x <= high) visit(x);
  }
}

/// Units in the last place of float32 at `exact`.
double ulps(float got, double exact) {
  const int exponent = std::max(std::ilogb(exact), -126);
  return std::abs(got - exact) / std::ldexp(1.0, exponent - 23);
}

TEST(Math, ExpIsWithinItsBound) {
  double worst = 0;
  for_each_float(-87.3F, 88.72F, [&](float x) { worst = std::max(worst, ulps(exp(x), std::exp(double{x}))); });
  EXPECT_LE(worst, 2.0);
  double worst_subnormal = 0;
  for_each_float(-103.97F, -87.3F, [&](float x) {
    worst_subnormal = std::max(worst_subnormal, std::abs(exp(x) - std::exp(double{x})) / 0x1p-149);
  });
  EXPECT_LE(worst_subnormal, 1.0);
}

TEST(Math, LogIsWithinItsBound) {
  double worst = 0;
  for_each_float(0x1p-149F, std::numeric_limits<float>::max(), [&](float x) {
    if (std::log(double{x}) != 0.0) worst = std::max(worst, ulps(log(x), std::log(double{x})));
  });
  EXPECT_LE(worst, 2.0);
}

TEST(Math, TanhIsWithinItsBound) {
  double worst = 0;
  for_each_float(-20.0F, 20.0F, [&](float x) {
    if (std::abs(x) > 1e-30F) worst = std::max(worst, ulps(tanh(x), std::tanh(double{x})));
  });
  EXPECT_LE(worst, 3.0);
}

TEST(Math, SinAndCosAreWithinTheirBound) {
  double worst = 0;
  for_each_float(-8192.0F, 8192.0F, [&](float x) {
    worst = std::max({worst, std::abs(sin(x) - std::sin(double{x})), std::abs(cos(x) - std::cos(double{x}))});
  });
  EXPECT_LE(worst, 1.2e-7);
}

TEST(Math, SpecialValues) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(exp(nan)) && std::isnan(log(nan)) && std::isnan(tanh(nan)) && std::isnan(sin(nan)));
  EXPECT_EQ(exp(0.0F), 1.0F);
  EXPECT_EQ(exp(-kInfinity), 0.0F);
  EXPECT_EQ(exp(kInfinity), kInfinity);
  EXPECT_EQ(exp(1000.0F), kInfinity);
  EXPECT_EQ(log(1.0F), 0.0F);
  EXPECT_EQ(log(0.0F), -kInfinity);
  EXPECT_EQ(log(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(log(-1.0F)));
  EXPECT_EQ(tanh(kInfinity), 1.0F);
  EXPECT_EQ(tanh(-kInfinity), -1.0F);
  EXPECT_TRUE(std::signbit(tanh(-0.0F)));
  EXPECT_TRUE(std::signbit(sin(-0.0F)));
  EXPECT_EQ(cos(0.0F), 1.0F);
  EXPECT_TRUE(std::isnan(sin(1e6F)) && std::isnan(cos(kInfinity)));
}

TEST(Math, HasTheSameBitsEverywhere) {
  Digest digest;
  for (std::uint64_t bits = 0; bits <= 0xFFFFFFFFU; bits += 40009) {
    const float x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    for (float value : {exp(x), log(x), tanh(x), sin(x), cos(x), sqrt(x)}) digest.add(value);
  }
  EXPECT_EQ(digest.hex(), "22467594e9b376ee");  // natively (x86-64, AArch64) and as WebAssembly
}

}  // namespace
}  // namespace optlab::math
