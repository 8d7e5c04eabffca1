#include "lm/decode_weight.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/digest.h"
#include "nn/test_support.h"

namespace optlab::lm {
namespace {

struct Dimensions {
  int M, K, N;
};
constexpr Dimensions kShapes[] = {{1, 1, 1},    {1, 31, 17},  {3, 32, 16}, {1, 384, 100},
                                  {11, 70, 33}, {12, 65, 48}, {30, 33, 5}, {20, 128, 64}};

struct Operands {
  explicit Operands(const Dimensions& d) : shape(d), x(count(d.M, d.K)), w(count(d.K, d.N)) {
    Rng(3, 1).fill_uniform(x, -1.0F, 2.0F);
    Rng(3, 2).fill_uniform(w, -0.5F, 0.5F);
  }
  static std::size_t count(int rows, int columns) {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  }
  ConstMatrixView rows() const { return {x.data(), shape.M, shape.K, shape.K, 1}; }
  ConstMatrixView weights() const { return {w.data(), shape.K, shape.N, shape.N, 1}; }
  std::vector<float> product(const DecodeWeight& weight, const nn::Compute& compute, int at_a_time) const {
    std::vector<float> y(count(shape.M, shape.N), -7.0F);
    const MatrixView all{y.data(), shape.M, shape.N, shape.N, 1};
    DecodeScratch scratch;
    for (int m = 0; m < shape.M; m += at_a_time) {
      const int rows = std::min(at_a_time, shape.M - m);
      weight.multiply(this->rows().block(m, 0, rows, shape.K), all.block(m, 0, rows, shape.N), compute, scratch);
    }
    return y;
  }
  Dimensions shape;
  std::vector<float> x, w;
};

TEST(DecodeWeight, ManyRowsAreEachAsIfAloneInExactMode) {
  nn::TestCompute one, three(nullptr, 3);
  for (const Dimensions& d : kShapes) {
    const Operands data(d);
    for (const WeightFormat format : {WeightFormat::kFloat32, WeightFormat::kFloat16, WeightFormat::kInt8,
                                      WeightFormat::kInt4, WeightFormat::kInt8Dot}) {
      const DecodeWeight first(data.weights(), format, one.compute), second(data.weights(), format, three.compute);
      const auto want = data.product(first, one.compute, 1);
      for (const int rows : {5, 12, 100}) {
        EXPECT_EQ(data.product(second, three.compute, rows), want) << name_of(format) << " " << d.M << " in " << rows;
      }
    }
  }
}

TEST(DecodeWeight, FastModeIsNear) {
  nn::TestCompute compute;
  for (const Dimensions& d : kShapes) {
    const Operands data(d);
    for (const WeightFormat format : {WeightFormat::kFloat16, WeightFormat::kInt8, WeightFormat::kInt4}) {
      compute.compute.mode = gemm::Mode::kExact;
      const DecodeWeight weight(data.weights(), format, compute.compute);
      const auto want = data.product(weight, compute.compute, 100);
      compute.compute.mode = gemm::Mode::kFast;
      const auto got = data.product(weight, compute.compute, 100);
      for (std::size_t i = 0; i < got.size(); ++i) {
        ASSERT_NEAR(got[i], want[i], 4e-7 * d.K) << name_of(format) << " K=" << d.K;
      }
    }
  }
}

/// y as the header defines it.
std::vector<float> by_definition(const Operands& data) {
  const auto [M, K, N] = data.shape;
  std::vector<float> y;
  for (int m = 0; m < M; ++m) {
    const float* x = data.rows().row(m);
    const float low = std::min(0.0F, *std::min_element(x, x + K)), high = std::max(0.0F, *std::max_element(x, x + K));
    const float s = (high - low) / 127.0F;
    const float z = s > 0.0F ? std::nearbyint(-low / s) : 0.0F;
    for (int n = 0; n < N; ++n) {
      float largest = 0.0F;
      for (int k = 0; k < K; ++k) largest = std::max(largest, std::fabs(data.weights()(k, n)));
      const float scale = largest / 127.0F;
      std::int64_t sum = 0, column = 0;
      for (int k = 0; k < K; ++k) {
        const auto w = static_cast<std::int64_t>(std::nearbyint(data.weights()(k, n) / scale));
        const float q = s > 0.0F ? std::nearbyint(x[k] / s) + z : 0.0F;
        sum += static_cast<std::int64_t>(std::clamp(q, 0.0F, 127.0F)) * w;
        column += w;
      }
      y.push_back(static_cast<float>(sum - static_cast<std::int64_t>(z) * column) * (s * scale));
    }
  }
  return y;
}

TEST(DecodeWeight, IntegersAreWhatTheDefinitionSays) {
  Digest digest;
  for (const int threads : {1, 3}) {
    nn::TestCompute compute(nullptr, threads);
    for (const Dimensions& d : kShapes) {
      Operands data(d);
      for (int m = 0; m < d.M; ++m) {  // rows of all kinds: positive, negative, zeros, large and tiny
        float* row = data.x.data() + Operands::count(m, d.K);
        if (m % 5 == 1) std::transform(row, row + d.K, row, [](float x) { return std::fabs(x) * 1e30F; });
        if (m % 5 == 2) std::transform(row, row + d.K, row, [](float x) { return -std::fabs(x) * 1e-30F; });
        if (m % 5 == 3) std::fill_n(row, d.K, 0.0F);
      }
      const auto want = by_definition(data);
      for (const gemm::Mode mode : {gemm::Mode::kExact, gemm::Mode::kFast}) {
        compute.compute.mode = mode;
        const DecodeWeight weight(data.weights(), WeightFormat::kInt8Dot, compute.compute);
        EXPECT_EQ(data.product(weight, compute.compute, 100), want) << d.M << " " << d.K << " " << d.N;
      }
      digest.add(std::span<const float>(want));
    }
  }
  EXPECT_EQ(digest.hex(), "b70f4a3dbd00c706");  // on every platform
}

TEST(DecodeWeight, IntegersAreWithinTheirBound) {
  nn::TestCompute compute;
  const Operands data({20, 200, 30});
  const DecodeWeight eight(data.weights(), WeightFormat::kInt8, compute.compute);
  const DecodeWeight dot(data.weights(), WeightFormat::kInt8Dot, compute.compute);
  const auto want = data.product(eight, compute.compute, 1), got = data.product(dot, compute.compute, 1);
  double worst = 0.0;
  for (int n = 0; n < 30; ++n) {
    double magnitude = 0.0;
    for (int k = 0; k < 200; ++k) magnitude += std::fabs(data.weights()(k, n)) + 0.5 / 254;
    for (int m = 0; m < 20; ++m) {
      const double error = std::fabs(double{got[m * 30 + n]} - want[m * 30 + n]);
      EXPECT_LE(error, 3.0 / 127 * magnitude + 1e-4);  // x lies between -1 and 2
      worst = std::max(worst, error);
    }
  }
  EXPECT_GT(worst, 1e-3);  // it does round
}

TEST(DecodeWeight, ARowThatIsNotFiniteGivesNansAndSpoilsNoOther) {
  nn::TestCompute compute;
  for (const float odd :
       {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(), std::nanf("")}) {
    Operands data({3, 40, 20});
    const DecodeWeight weight(data.weights(), WeightFormat::kInt8Dot, compute.compute);
    const auto want = data.product(weight, compute.compute, 3);
    data.x[40 + 17] = odd;
    const auto got = data.product(weight, compute.compute, 3);
    for (int i = 0; i < 60; ++i) {
      if (i / 20 == 1) {
        EXPECT_TRUE(std::isnan(got[i]));
      } else {
        EXPECT_EQ(got[i], want[i]);
      }
    }
  }
}

}  // namespace
}  // namespace optlab::lm
