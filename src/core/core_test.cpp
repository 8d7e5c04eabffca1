#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "core/arena.h"
#include "core/digest.h"
#include "core/error.h"
#include "core/rng.h"
#include "core/tensor.h"
#include "core/test_support.h"

namespace optlab {
namespace {

TEST(Shape, CountsElementsAndPrintsItself) {
  EXPECT_EQ(Shape({2, 3, 4}).element_count(), 24U);
  EXPECT_EQ(Shape({2, 3}).to_string(), "[2,3]");
  EXPECT_EQ(Shape({7, 0, 5}).element_count(), 0U);
  EXPECT_EQ(Shape().element_count(), 1U);
  EXPECT_EQ(Shape({2, 3}), Shape({2, 3}));
  EXPECT_NE(Shape({2, 3}), Shape({2, 3, 1}));
}

TEST(Shape, RefusesWhatCannotExistAndSaysWhy) {
  EXPECT_NE(message_of<std::invalid_argument>([] { Shape({2, -3}); }).find("negative"), std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([] {
              Shape({65536, 65536});
            }).find("shape [65536,65536] has more than 2147483647"),
            std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([] { Shape({1, 1, 1, 1, 1}); }).find("rank 5"), std::string::npos);
  // A zero hides no overflow and no negative extent elsewhere.
  EXPECT_NE(message_of<std::invalid_argument>([] { Shape({0, -1}); }).find("negative"), std::string::npos);
  EXPECT_EQ(Shape({0, 65536, 65536, 65536}).element_count(), 0U);
}

TEST(Tensor, IsAlignedZeroedAndViewedAsAMatrix) {
  Tensor tensor({2, 3, 5});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.values().data()) % kCacheLine, 0U);
  EXPECT_TRUE(std::ranges::all_of(tensor.values(), [](float value) { return value == 0.0F; }));
  std::iota(tensor.values().begin(), tensor.values().end(), 0.0F);
  const MatrixView matrix = tensor.matrix();
  EXPECT_EQ(matrix.rows, 6);
  EXPECT_EQ(matrix.columns, 5);
  EXPECT_EQ(matrix(4, 2), 22.0F);
  EXPECT_EQ(matrix.transposed()(2, 4), 22.0F);
  EXPECT_EQ(matrix.block(1, 1, 2, 2)(1, 1), 12.0F);
  Tensor copy = tensor.clone();
  copy.values()[0] = 9.0F;
  EXPECT_EQ(tensor.values()[0], 0.0F);
}

TEST(TensorView, IsTheFirstOfABatch) {
  Tensor batch({4, 2, 3});
  std::iota(batch.values().begin(), batch.values().end(), 0.0F);
  const TensorView part = batch.first(3);
  EXPECT_EQ(part.shape, (Shape{3, 2, 3}));
  EXPECT_EQ(part.values.size(), 18U);
  EXPECT_EQ(part.matrix().rows, 6);
  EXPECT_EQ(part.matrix()(5, 2), 17.0F);
  EXPECT_EQ(batch.first(0).matrix().rows, 0);
  EXPECT_NE(message_of<std::invalid_argument>([&] { batch.first(5); }).find("the first 5 of [4,2,3]"),
            std::string::npos);
}

TEST(MatrixView, RefusesASpanOfAnotherSize) {
  std::vector<float> data(6);
  EXPECT_NO_THROW(matrix_view(data, 2, 3));
  EXPECT_NE(message_of<std::invalid_argument>([&] {
              matrix_view(data, 2, 4, "weights");
            }).find("weights: shape [2,4] needs 8 elements, got 6"),
            std::string::npos);
}

TEST(FormatNumber, IsShort) {
  const double kInfinity = std::numeric_limits<double>::infinity();
  const std::pair<double, const char*> cases[] = {{0.0, "0"},
                                                  {3.0, "3"},
                                                  {-2.5, "-2.5"},
                                                  {0.25, "0.25"},
                                                  {0.1, "0.1"},
                                                  {1e6, "1000000"},
                                                  {1.9999999, "2"},
                                                  {123456.75, "123456.75"},
                                                  {4294967296.0, "4294967296"},
                                                  {1.5e20, "1.5e20"},
                                                  {1e-9, "1e-9"},
                                                  {kInfinity, "inf"},
                                                  {-kInfinity, "-inf"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(format_number(value), text);
  EXPECT_EQ(format_number(std::numeric_limits<double>::quiet_NaN()), "nan");
}

TEST(Arena, KeepsItsHighWaterMark) {
  Arena arena;
  arena.reserve(100);
  arena.reserve(5000);
  arena.reserve(10);
  EXPECT_EQ(arena.high_water(), 5000U);
  EXPECT_GE(arena.capacity(), 5000U);
}

TEST(Digest, SeesEveryBitButNotANansPayload) {
  const auto digest_of = [](std::vector<float> values) {
    Digest digest;
    digest.add(std::span<const float>(values));
    return digest.value();
  };
  EXPECT_EQ(digest_of({1, 2, 3}), digest_of({1, 2, 3}));
  EXPECT_NE(digest_of({1, 2, 3}), digest_of({1, 3, 2}));
  EXPECT_NE(digest_of({0.0F}), digest_of({-0.0F}));
  EXPECT_NE(digest_of({1.0F}), digest_of({std::nextafter(1.0F, 2.0F)}));
  const auto nan_with = [](std::uint32_t bits) { return std::bit_cast<float>(bits); };
  EXPECT_EQ(digest_of({nan_with(0x7FC00000U)}), digest_of({nan_with(0xFFC01234U)}));
}

TEST(Digest, HexIsStableAcrossPlatforms) {
  Digest digest;
  digest.add(std::uint32_t{1});
  digest.add(-2.5F);
  EXPECT_EQ(digest.hex(), "4806da67f434b0d3");
  EXPECT_EQ(digest.hex().size(), 16U);
}

TEST(Rng, MatchesThePublishedKnownAnswers) {
  // Random123 1.09, kat_vectors, philox4x32 with 10 rounds.
  using Block = std::array<std::uint32_t, 4>;
  EXPECT_EQ(Rng::block({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5U, 0xe169c58dU, 0xbc57ac4cU, 0x9b00dbd8U}));
  EXPECT_EQ(Rng::block({~0U, ~0U, ~0U, ~0U}, {~0U, ~0U}), (Block{0x408f276dU, 0x41c83b0eU, 0xa20bc7c6U, 0x6d5451fdU}));
  EXPECT_EQ(Rng::block({0x243f6a88U, 0x85a308d3U, 0x13198a2eU, 0x03707344U}, {0xa4093822U, 0x299f31d0U}),
            (Block{0xd16cfe09U, 0x94fdccebU, 0x5001e420U, 0x24126ea1U}));
}

TEST(Rng, UniformFillsItsIntervalEvenly) {
  const Rng rng(7);
  constexpr int kCount = 100000;
  std::array<int, 10> bins{};
  for (int i = 0; i < kCount; ++i) {
    const float value = rng.uniform(i);
    ASSERT_GE(value, 0.0F);
    ASSERT_LT(value, 1.0F);
    ++bins[static_cast<int>(value * 10.0F)];
  }
  for (int count : bins) EXPECT_NEAR(count, kCount / 10.0, 5 * std::sqrt(kCount / 10.0));  // five standard deviations
}

TEST(Rng, NormalHasItsMoments) {
  const Rng rng(11);
  constexpr int kCount = 200000;
  double sum = 0, squares = 0, fourth = 0;
  for (int i = 0; i < kCount; ++i) {
    const double value = rng.normal(i);
    sum += value;
    squares += value * value;
    fourth += value * value * value * value;
  }
  EXPECT_NEAR(sum / kCount, 0.0, 0.015);
  EXPECT_NEAR(squares / kCount, 1.0, 0.02);
  EXPECT_NEAR(fourth / kCount, 3.0, 0.15);
}

TEST(Rng, StreamsAndSeedsDiffer) {
  EXPECT_NE(Rng(1).bits(0), Rng(2).bits(0));
  EXPECT_NE(Rng(1, 0).bits(0), Rng(1, 1).bits(0));
  EXPECT_NE(Rng(1).bits(0), Rng(std::uint64_t{1} << 32 | 1).bits(0));
}

TEST(Rng, ShuffleIsAPermutation) {
  std::vector<std::uint32_t> items(1000);
  std::iota(items.begin(), items.end(), 0U);
  Rng(3).shuffle(items);
  EXPECT_FALSE(std::ranges::is_sorted(items));
  std::vector<std::uint32_t> sorted = items;
  std::ranges::sort(sorted);
  for (std::uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(sorted[i], i);
}

TEST(Argmax, TakesTheLowestIndexOnTiesAndNeverANan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(argmax(std::vector<float>{1, 3, 3, 2}), 1);
  EXPECT_EQ(argmax(std::vector<float>{nan, -5, -4}), 2);
  EXPECT_EQ(argmax(std::vector<float>{2, nan, 1}), 0);
  EXPECT_EQ(argmax(std::vector<float>{nan, nan}), 0);
}

}  // namespace
}  // namespace optlab
