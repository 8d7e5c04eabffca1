#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "gemm/int8_gemm.h"
#include "gemm/test_support.h"
#include "parallel/test_support.h"

namespace optlab::gemm {
namespace {

// Empty, single, around groups of 2 and 4, lanes and tiles; K that is no whole number of groups.
constexpr Dimensions kShapes[] = {{0, 0, 0},   {0, 5, 3},    {4, 0, 9},     {3, 4, 0},     {1, 1, 1},
                                  {1, 9, 7},   {1, 300, 70}, {1, 64, 256},  {5, 9, 17},    {7, 13, 31},
                                  {61, 67, 5}, {97, 31, 29}, {17, 256, 40}, {49, 130, 65}, {2, 1000, 33}};

std::vector<std::uint8_t> activations(std::size_t count, int largest, std::uint32_t stream) {
  std::vector<float> values(count);
  Rng(7, stream).fill_uniform(values, 0.0F, static_cast<float>(largest) + 1.0F);
  std::vector<std::uint8_t> result(count);
  std::ranges::transform(values, result.begin(), [&](float v) { return std::min(static_cast<int>(v), largest); });
  return result;
}

std::vector<std::int8_t> weights(std::size_t count, std::uint32_t stream) {
  std::vector<float> values(count);
  Rng(7, stream).fill_uniform(values, -128.0F, 128.0F);
  std::vector<std::int8_t> result(count);
  std::ranges::transform(values, result.begin(), [](float v) { return static_cast<std::int8_t>(v); });
  return result;
}

class Int8OnThreads : public parallel::OnThreads<Context> {
 protected:
  std::vector<std::int32_t> product(const Int8Variant& variant, const Dimensions& d, const std::vector<std::uint8_t>& a,
                                    const std::vector<std::int8_t>& b) {
    const PackedInt8 packed(variant, {b.data(), d.K, d.N, d.N, 1});
    std::vector<std::int32_t> c(static_cast<std::size_t>(d.M) * d.N, -1);
    multiply_int8(variant, {a.data(), d.M, d.K, d.K, 1}, packed, {c.data(), d.M, d.N, d.N, 1}, context);
    return c;
  }
};

TEST_P(Int8OnThreads, EveryVariantGivesTheIntegersOfTheReference) {
  for (const Dimensions& d : kShapes) {
    const auto b = weights(static_cast<std::size_t>(d.K) * d.N, 2);
    for (const Int8Variant& variant : supported(int8_variants())) {
      const auto a = activations(static_cast<std::size_t>(d.M) * d.K, (1 << variant.activation_bits) - 1, 1);
      EXPECT_EQ(product(variant, d, a, b), product(int8_variants().front(), d, a, b)) << describe(variant.name, d);
    }
  }
}

TEST_P(Int8OnThreads, TheLargestOperandsDoNotSaturate) {
  const Dimensions d{3, 1024, 40};
  for (const std::int8_t weight : {std::int8_t{-128}, std::int8_t{127}}) {
    const std::vector<std::int8_t> b(static_cast<std::size_t>(d.K) * d.N, weight);
    for (const Int8Variant& variant : supported(int8_variants())) {
      const int largest = (1 << variant.activation_bits) - 1;
      const std::vector<std::uint8_t> a(static_cast<std::size_t>(d.M) * d.K, static_cast<std::uint8_t>(largest));
      for (const std::int32_t sum : product(variant, d, a, b)) {
        ASSERT_EQ(sum, largest * weight * d.K) << variant.name;
      }
    }
  }
}

/// What adding two products in 16 saturating bits would give: x86's vpmaddubsw, and what relaxed WebAssembly may do.
std::int32_t saturating_sum(const std::vector<std::uint8_t>& a, const std::vector<std::int8_t>& b) {
  std::int32_t sum = 0;
  for (std::size_t k = 0; k + 1 < a.size(); k += 2) {
    sum += std::clamp(std::int32_t{a[k]} * b[k] + std::int32_t{a[k + 1]} * b[k + 1], -32768, 32767);
  }
  return sum;
}

TEST_P(Int8OnThreads, EightBitActivationsWouldSaturateAndSevenBitOnesDoNot) {
  const Dimensions d{1, 64, 1};
  const std::vector<std::int8_t> b(d.K, -128);
  const std::vector<std::uint8_t> eight(d.K, 255), seven(d.K, 127);
  EXPECT_EQ(saturating_sum(eight, b), -32768 * 32) << "of -65280 a pair";
  EXPECT_EQ(saturating_sum(seven, b), -127 * 128 * 64);
  const Int8Variant& variant = best_int8(8, pool.threads());
  EXPECT_EQ(product(variant, d, eight, b).front(), -255 * 128 * 64) << variant.name;
  EXPECT_EQ(product(best_int8(7, pool.threads()), d, seven, b).front(), saturating_sum(seven, b));
}

TEST_P(Int8OnThreads, RequantizesEveryTileAsDefined) {
  for (const Dimensions& d : {Dimensions{9, 37, 43}, Dimensions{1, 64, 200}, Dimensions{5, 0, 3}}) {
    const auto a = activations(static_cast<std::size_t>(d.M) * d.K, 127, 1);
    const auto b = weights(static_cast<std::size_t>(d.K) * d.N, 2);
    std::vector<float> scales(d.N);
    std::vector<std::int32_t> bias(d.N);
    Rng(7, 3).fill_uniform(scales, 1e-4F, 2e-3F);
    for (int n = 0; n < d.N; ++n) bias[n] = 37 * n - 500;
    constexpr int kZeroA = 60;
    for (const std::span<const float> scale :
         {std::span<const float>(scales), std::span<const float>(scales).first(1)}) {
      const Requantization q{scale, bias.data(), 12, 12, 127};
      const std::vector<std::int32_t> sums = product(int8_variants().front(), d, a, b);
      std::vector<std::uint8_t> want(sums.size());
      for (int m = 0; m < d.M; ++m) {
        for (int n = 0; n < d.N; ++n) {
          std::int32_t sum = sums[m * d.N + n] + bias[n];
          for (int k = 0; k < d.K; ++k) sum -= kZeroA * b[k * d.N + n];
          want[m * d.N + n] = requantize(sum, scale.size() > 1 ? scale[n] : scale[0], 12, 12, 127);
        }
      }
      for (const Int8Variant& variant : supported(int8_variants())) {
        const PackedInt8 packed(variant, {b.data(), d.K, d.N, d.N, 1});
        std::vector<std::uint8_t> got(sums.size());
        multiply_int8(variant, {a.data(), d.M, d.K, d.K, 1}, kZeroA, packed, q, {got.data(), d.M, d.N, d.N, 1},
                      context);
        EXPECT_EQ(got, want) << describe(variant.name, d);
      }
    }
  }
}

TEST_P(Int8OnThreads, HasTheSameIntegersEverywhere) {
  Digest digest;
  for (const Dimensions& d : kShapes) {
    const auto a = activations(static_cast<std::size_t>(d.M) * d.K, 127, 4);
    const auto b = weights(static_cast<std::size_t>(d.K) * d.N, 5);
    for (const std::int32_t sum : product(best_int8(7, pool.threads()), d, a, b)) {
      const float value = static_cast<float>(sum);  // below 2^24 here: exact
      digest.add(std::span<const float>(&value, 1));
    }
  }
  EXPECT_EQ(digest.hex(), "28dac920ca2440b8");
}

INSTANTIATE_TEST_SUITE_P(Threads, Int8OnThreads, testing::Values(1, 2, 3));

TEST(Int8, RequantizationRoundsToNearestTiesToEvenAndClamps) {
  EXPECT_EQ(requantize(5, 0.5F, 0, 0, 127), 2);     // 2.5
  EXPECT_EQ(requantize(7, 0.5F, 0, 0, 127), 4);     // 3.5
  EXPECT_EQ(requantize(-3, 0.5F, 64, 0, 127), 62);  // 62.5
  EXPECT_EQ(requantize(-1000, 1.0F, 64, 10, 127), 10);
  EXPECT_EQ(requantize(1000, 1.0F, 64, 10, 127), 127);
  EXPECT_EQ(requantize(2147483647, 1.0F, 0, 0, 255), 255);
  EXPECT_EQ(requantize(-2147483647 - 1, 1.0F, 0, 0, 255), 0);
}

TEST(Int8, RefusesWhatDoesNotFitAndNamesIt) {
  parallel::ThreadPool pool(1);
  Arena scratch;
  Context context{pool, scratch};
  std::vector<std::uint8_t> a(64);
  std::vector<std::int8_t> b(64);
  std::vector<std::int32_t> c(64);
  const Int8Variant& naive = int8_variants().front();
  const Int8Variant& packed = int8_variant("int8_packed");
  const PackedInt8 weights(packed, {b.data(), 4, 3, 3, 1});
  const auto call = [&](const Int8Variant& variant, ActivationView view, SumView to) {
    return message_of<std::invalid_argument>([&] { multiply_int8(variant, view, weights, to, context); });
  };
  EXPECT_NE(call(packed, {a.data(), 2, 5, 5, 1}, {c.data(), 2, 3, 3, 1}).find("A is [2,5], B [4,3] and C [2,3]"),
            std::string::npos);
  EXPECT_NE(call(packed, {a.data(), 2, 4, 1, 2}, {c.data(), 2, 3, 3, 1}).find("A's columns must be adjacent"),
            std::string::npos);
  EXPECT_NE(call(naive, {a.data(), 2, 4, 4, 1}, {c.data(), 2, 3, 3, 1}).find("not packed for int8_naive"),
            std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([&] {
              PackedInt8(packed, {b.data(), 65537, 1, 1, 1});
            }).find("0 <= K <= 65536"),
            std::string::npos);
  const std::vector<float> scales{1.0F, 1.0F};
  std::vector<std::uint8_t> out(64);
  const auto requantized = [&](const Requantization& q) {
    return message_of<std::invalid_argument>([&] {
      multiply_int8(packed, {a.data(), 2, 4, 4, 1}, 0, weights, q, {out.data(), 2, 3, 3, 1}, context);
    });
  };
  EXPECT_NE(requantized({scales}).find("2 scales for 3 columns"), std::string::npos);
  EXPECT_NE(requantized({std::span(scales).first(1), nullptr, 0, 5, 300}).find("results from 5 to 300"),
            std::string::npos);
}

TEST(Int8Ladder, HasItsRungsByName) { expect_ladder(int8_variants(), int8_variant); }

}  // namespace
}  // namespace optlab::gemm
