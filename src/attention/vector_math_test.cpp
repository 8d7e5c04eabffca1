#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "attention/row_kernels.h"
#include "attention/row_ops.h"
#include "core/math.h"
#include "core/test_support.h"

/// simd/vector_math.h as every ISA compiled it, against core/math.h bit by bit.
namespace optlab::attention {
namespace {

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }
float from_bits(std::uint64_t word) { return std::bit_cast<float>(static_cast<std::uint32_t>(word)); }

/// Every 1,511th float, NaN with all kinds of payloads among them; every float around the bounds of exp, of tanh's
/// pieces and of the subnormal numbers; and the special ones.
std::vector<float> inputs() {
  std::vector<float> values;
  for (std::uint64_t word = 0; word <= 0xFFFFFFFFU; word += 1511) values.push_back(from_bits(word));
  for (const float centre : {88.7228394F, 89.0F, -103.972084F, -104.0F, -87.33654F, 0.625F, -0.625F, 9.1F, -9.1F,
                             0x1p-126F, -0x1p-126F, 0.34657359F, -0.34657359F}) {
    for (std::uint32_t i = 0; i < 4000; ++i) values.push_back(from_bits(bits(centre) - 2000 + i));
  }
  for (std::uint32_t word = bits(88.7F); word < bits(89.1F); word += 3) values.push_back(from_bits(word));
  for (std::uint32_t word = bits(-103.9F); word < bits(-104.1F); word += 3) values.push_back(from_bits(word));
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float special : {0.0F, -0.0F, kInfinity, -kInfinity, from_bits(0x7FC00000U), from_bits(0xFFC00000U),
                              from_bits(0x7F800001U), from_bits(0xFFFFFFFFU), 1.0F, -1.0F, 0x1p-149F, -0x1p-149F}) {
    for (int lane = 0; lane < 17; ++lane) values.push_back(special);
  }
  values.push_back(0.5F);  // not a whole number of vectors
  return values;
}

void expect_lane_by_lane(void (*detail::RowKernels::*function)(const float*, int, float*) noexcept,
                         float (*scalar)(float)) {
  const std::vector<float> x = inputs();
  ASSERT_NE(x.size() % 16, 0U);
  std::vector<float> want(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) want[i] = scalar(x[i]);
  for (const RowVariant& variant : supported(row_variants())) {
    std::vector<float> got(x.size());
    (variant.kernels->*function)(x.data(), static_cast<int>(x.size()), got.data());
    int differing = 0;
    for (std::size_t i = 0; i < x.size() && differing < 5; ++i) {
      if (bits(got[i]) == bits(want[i])) continue;
      ++differing;
      ADD_FAILURE() << variant.name << " of " << x[i] << " (0x" << std::hex << bits(x[i]) << ") is 0x" << bits(got[i])
                    << ", not 0x" << bits(want[i]);
    }
  }
}

TEST(VectorMath, ExpHasTheBitsOfTheScalarFunctionInEveryLane) {
  expect_lane_by_lane(&detail::RowKernels::exp, math::exp);
}

TEST(VectorMath, TanhHasTheBitsOfTheScalarFunctionInEveryLane) {
  expect_lane_by_lane(&detail::RowKernels::tanh, math::tanh);
}

TEST(VectorMath, ATailHasTheBitsOfWholeVectors) {
  for (const RowVariant& variant : supported(row_variants())) {
    for (int n = 0; n <= 35; ++n) {
      std::vector<float> x(n), y(n + 1, -77.0F);
      for (int i = 0; i < n; ++i) x[i] = 0.37F * static_cast<float>(i) - 3.0F;
      variant.kernels->exp(x.data(), n, y.data());
      for (int i = 0; i < n; ++i) ASSERT_EQ(bits(y[i]), bits(math::exp(x[i]))) << variant.name << " " << n;
      EXPECT_EQ(y[n], -77.0F) << variant.name << " wrote beyond " << n;
    }
  }
}

}  // namespace
}  // namespace optlab::attention
