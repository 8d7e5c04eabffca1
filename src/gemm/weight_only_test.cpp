#include "gemm/weight_only.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/digest.h"
#include "core/float16.h"
#include "core/rng.h"
#include "core/test_support.h"

namespace optlab::gemm {
namespace {

std::vector<float> random_values(std::size_t count, std::uint32_t stream) {
  std::vector<float> values(count);
  Rng(11, stream).fill_uniform(values, -1.0F, 1.0F);
  return values;
}

struct Dimensions {
  int K, N;
};
constexpr Dimensions kShapes[] = {{0, 5}, {4, 0}, {1, 1}, {31, 17}, {32, 16}, {33, 15}, {64, 100}, {97, 33}, {500, 64}};

class WeightOnly : public testing::TestWithParam<int> {
 protected:
  parallel::ThreadPool pool{GetParam()};
  Arena scratch;
  Context context{pool, scratch};
};

TEST_P(WeightOnly, ExactVariantsHaveTheBitsOfTheReferenceAndFastOnesAreNear) {
  for (const Dimensions& d : kShapes) {
    const std::vector<float> x = random_values(d.K, 1);
    const std::vector<float> w = random_values(static_cast<std::size_t>(d.K) * d.N, 2);
    for (const int bits : {4, 8, 16}) {
      const WeightOnlyMatrix matrix({w.data(), d.K, d.N, d.N, 1}, bits);
      std::vector<float> want(d.N, -1.0F);
      multiply_weight_only(weight_only_variants().front(), x, matrix, want, context);
      for (const WeightOnlyVariant& variant : weight_only_variants()) {
        if (!variant.supported()) continue;
        std::vector<float> got(d.N, -1.0F);
        multiply_weight_only(variant, x, matrix, got, context);
        if (variant.mode == Mode::kExact) {
          EXPECT_EQ(got, want) << variant.name << " " << bits << " bits, K=" << d.K << " N=" << d.N;
          continue;
        }
        for (int n = 0; n < d.N; ++n) {
          double exact = 0, magnitude = 0;
          for (int k = 0; k < d.K; ++k) {
            exact += double{x[k]} * matrix.value(k, n);
            magnitude += std::abs(double{x[k]} * matrix.value(k, n));
          }
          // value() rounds the product with the scale, which the kernel applies to sums: one eps more.
          ASSERT_LE(std::abs(got[n] - exact), 2.0 * (d.K + matrix.groups() + 1) * 0x1p-24 * magnitude) << variant.name;
        }
      }
    }
  }
}

TEST_P(WeightOnly, ARowHasItsBitsWhateverRowsAreBesideIt) {
  constexpr int kMost = 11;
  for (const Dimensions& d : kShapes) {
    const std::vector<float> x = random_values(static_cast<std::size_t>(kMost) * d.K, 7);
    const std::vector<float> w = random_values(static_cast<std::size_t>(d.K) * d.N, 8);
    const auto row = [&](int r) { return std::span(x).subspan(static_cast<std::size_t>(r) * d.K, d.K); };
    for (const int bits : {4, 8, 16}) {
      const WeightOnlyMatrix matrix({w.data(), d.K, d.N, d.N, 1}, bits);
      for (const WeightOnlyVariant& variant : weight_only_variants()) {
        if (!variant.supported()) continue;
        for (int rows = 1; rows <= kMost; ++rows) {
          const int stride = d.N + 3;  // what lies between rows stays
          std::vector<float> got(static_cast<std::size_t>(rows) * stride, -1.0F), want = got;
          for (int r = 0; r < rows; ++r) {
            multiply_weight_only(variant, row(r), matrix,
                                 std::span(want).subspan(static_cast<std::size_t>(r) * stride, d.N), context);
          }
          multiply_weight_only(variant, ConstMatrixView{x.data(), rows, d.K, d.K, 1}, matrix,
                               MatrixView{got.data(), rows, d.N, stride, 1}, context);
          ASSERT_EQ(got, want) << variant.name << " " << bits << " bits, " << rows << " rows, K=" << d.K
                               << " N=" << d.N;
        }
      }
    }
  }
}

TEST_P(WeightOnly, HasTheSameBitsEverywhere) {
  Digest digest;
  for (const Dimensions& d : kShapes) {
    const std::vector<float> x = random_values(d.K, 3);
    const std::vector<float> w = random_values(static_cast<std::size_t>(d.K) * d.N, 4);
    for (const int bits : {4, 8}) {
      std::vector<float> y(d.N);
      multiply_weight_only(best_weight_only(Mode::kExact, pool.threads()), x, {{w.data(), d.K, d.N, d.N, 1}, bits}, y,
                           context);
      digest.add(std::span<const float>(y));
    }
  }
  EXPECT_EQ(digest.hex(), "b49bcae60e1b5316");
}

INSTANTIATE_TEST_SUITE_P(Threads, WeightOnly, testing::Values(1, 2, 3));

TEST(WeightOnlyMatrix, IsWithinHalfAStepOfTheWeights) {
  constexpr int K = 70, N = 19;
  const std::vector<float> w = random_values(K * N, 5);
  const ConstMatrixView view{w.data(), K, N, N, 1};
  for (const int bits : {4, 8}) {
    const WeightOnlyMatrix matrix(view, bits);
    const int group = bits == 8 ? K : kInt4Group;
    for (int n = 0; n < N; ++n) {
      for (int k = 0; k < K; ++k) {
        float largest = 0;
        for (int i = k / group * group; i < std::min((k / group + 1) * group, K); ++i)
          largest = std::max(largest, std::abs(view(i, n)));
        // Four bits reach from -8 to 7: at the far end a whole step is missing.
        const float allowed = bits == 8 ? largest / 127 / 2 : largest / 8;
        EXPECT_LE(std::abs(matrix.value(k, n) - view(k, n)), 1.0001F * allowed) << bits << " bits at " << k << "," << n;
      }
    }
  }
  EXPECT_LT(WeightOnlyMatrix(view, 4).bytes(), WeightOnlyMatrix(view, 8).bytes());
}

TEST(WeightOnlyMatrix, HalvesAreTheNearestOnes) {
  parallel::ThreadPool pool(1);
  Arena scratch;
  Context context{pool, scratch};
  // The power of two that brings the largest below 65520; subnormal halves are among them.
  for (const float scale : {1.0F, 0x1p-15F, 0x1p24F}) {
    std::vector<float> w = {1.0F / 3, -65504.0F, 0x1p-24F, -0x1.8p-24F, 0x1p-15F, 0.0F, 100.01F};
    for (float& value : w) value /= scale;
    const WeightOnlyMatrix matrix({w.data(), 1, 7, 7, 1}, 16);
    EXPECT_EQ(matrix.bytes(), 2U * kWeightColumns + 4);
    for (const WeightOnlyVariant& variant : weight_only_variants()) {
      if (!variant.supported()) continue;
      std::vector<float> y(7);
      multiply_weight_only(variant, std::vector<float>{1.0F}, matrix, y, context);
      for (int n = 0; n < 7; ++n) {
        const float want = from_half(to_half(w[n] * scale)) / scale;
        EXPECT_EQ(matrix.value(0, n), want);
        EXPECT_EQ(y[n], want) << variant.name;
      }
    }
  }
  // Halves below 64 stay what they are, the smallest of all too.
  const std::vector<float> halves = {63.96875F, 0x1p-24F, -0x1.ffcp-15F};
  const WeightOnlyMatrix matrix({halves.data(), 1, 3, 3, 1}, 16);
  for (int n = 0; n < 3; ++n) EXPECT_EQ(matrix.value(0, n), halves[n]);
  for (const float large : {65520.0F * 0x1p15F, std::numeric_limits<float>::infinity(), std::nanf("")}) {
    EXPECT_NE(message_of<std::invalid_argument>([&] {
                WeightOnlyMatrix({&large, 1, 1, 1, 1}, 16);
              }).find("as a half"),
              std::string::npos);
  }
}

TEST(WeightOnlyMatrix, ZerosStayZerosAndBadInputIsNamed) {
  std::vector<float> w(40 * 3, 0.0F);
  for (const int bits : {4, 8}) {
    const WeightOnlyMatrix matrix({w.data(), 40, 3, 3, 1}, bits);
    for (int k = 0; k < 40; ++k) EXPECT_EQ(matrix.value(k, 1), 0.0F);
  }
  EXPECT_NE(message_of<std::invalid_argument>([&] {
              WeightOnlyMatrix({w.data(), 40, 3, 3, 1}, 5);
            }).find("4, 8 or 16"),
            std::string::npos);
  w[7] = std::numeric_limits<float>::infinity();
  EXPECT_NE(message_of<std::invalid_argument>([&] {
              WeightOnlyMatrix({w.data(), 40, 3, 3, 1}, 8);
            }).find("W[2,1] is not finite"),
            std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([] { weight_only_variant("warp"); }).find("there are weights_naive"),
            std::string::npos);
}

}  // namespace
}  // namespace optlab::gemm
