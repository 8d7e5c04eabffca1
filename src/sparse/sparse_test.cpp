#include "sparse/sparse.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gemm/test_support.h"
#include "parallel/test_support.h"

namespace optlab::sparse {
namespace {

using gemm::Dimensions;
using gemm::Result;

// Empty, single, around the lanes (4, 8, 16), the tiles (8 to 128 rows), the blocks and the windows (64 panels: 64 or 256
// columns); primes, row and column vectors, wide and tall.
constexpr Dimensions kShapes[] = {{0, 0, 0},    {0, 5, 3},     {4, 0, 9},     {3, 4, 0},     {1, 0, 6},
                                  {1, 1, 1},    {2, 3, 5},     {3, 7, 5},     {4, 8, 8},     {5, 9, 17},
                                  {7, 13, 31},  {8, 16, 16},   {9, 15, 65},   {1, 64, 100},  {1, 9, 7},
                                  {2, 300, 37}, {1, 257, 531}, {61, 1, 67},   {61, 67, 1},   {17, 257, 19},
                                  {97, 31, 29}, {131, 45, 70}, {33, 30, 300}, {6, 11, 1031}, {64, 100, 64}};
constexpr double kDensities[] = {0.0, 0.1, 0.5, 1.0};

/// Weights of which about `density` are not zero; a fifth of the columns has none, and some zeros are -0.
std::vector<float> pruned_values(int K, int N, double density) {
  std::vector<float> values = random_values(static_cast<std::size_t>(K) * N, 2);
  if (density == 1.0) return values;
  const Rng places(2026, 9);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool empty_column = static_cast<int>(i) % N / 4 % 5 == 1;
    if (empty_column || places.uniform(i) >= density) values[i] = i % 3 == 0 ? -0.0F : 0.0F;
  }
  return values;
}

std::string describe(const Variant& variant, Format format, const Dimensions& d, double density) {
  return gemm::describe(variant.name, d) + " " + std::string(name_of(format)) + " density " + std::to_string(density);
}

using SparseOnThreads = parallel::OnThreads<gemm::Context>;

TEST_P(SparseOnThreads, EveryExactVariantEqualsTheMaskedDenseProductBitForBit) {
  for (const Dimensions& d : kShapes) {
    const std::vector<float> data = random_values(static_cast<std::size_t>(d.M) * d.K * 2, 1);
    const std::vector<float> bias = random_values(d.N, 3);
    // Adjacent columns, and a transposed operand.
    for (const ConstMatrixView& a :
         {ConstMatrixView{data.data(), d.M, d.K, 2 * d.K, 1}, ConstMatrixView{data.data(), d.M, d.K, 1, d.M}}) {
      for (const double density : kDensities) {
        const std::vector<float> values = pruned_values(d.K, d.N, density);
        const auto dense = matrix_view(values, d.K, d.N);
        for (const gemm::Epilogue& epilogue :
             {gemm::Epilogue{}, gemm::Epilogue{bias.data(), gemm::Activation::kRelu}}) {
          Result want(d.M, d.N);
          gemm::multiply({a, dense, want.view, epilogue}, context);
          for (const Format format : kFormats) {
            const BlockMatrix w(dense, format);
            for (const Variant& variant : supported(variants(), gemm::Mode::kExact)) {
              Result got(d.M, d.N);
              multiply(variant, {a, w, got.view, epilogue}, context);
              EXPECT_EQ(got.digest(), want.digest()) << describe(variant, format, d, density);
              EXPECT_TRUE(got.surroundings_untouched()) << describe(variant, format, d, density);
            }
          }
        }
      }
    }
  }
}

TEST_P(SparseOnThreads, FastVariantsStayWithinTheErrorBound) {
  for (const Dimensions& d : kShapes) {
    const std::vector<float> data = random_values(static_cast<std::size_t>(d.M) * d.K, 1);
    const ConstMatrixView a{data.data(), d.M, d.K, d.K, 1};
    const std::vector<float> values = pruned_values(d.K, d.N, 0.3);
    const auto dense = matrix_view(values, d.K, d.N);
    for (const Format format : kFormats) {
      const BlockMatrix w(dense, format);
      for (const Variant& variant : supported(variants(), gemm::Mode::kFast)) {
        Result got(d.M, d.N);
        multiply(variant, {a, w, got.view}, context);
        EXPECT_TRUE(got.surroundings_untouched()) << describe(variant, format, d, 0.3);
        gemm::expect_within_bound(a, dense, got.view, describe(variant, format, d, 0.3));
      }
    }
  }
}

TEST_P(SparseOnThreads, HasTheSameBitsEverywhere) {
  // The same number natively (scalar, AVX2, AVX-512, NEON), in Node and in a browser, for any number of threads.
  Digest digest;
  for (const Dimensions& d : kShapes) {
    const std::vector<float> a = random_values(static_cast<std::size_t>(d.M) * d.K, 4);
    const std::vector<float> values = pruned_values(d.K, d.N, 0.25);
    for (const Format format : kFormats) {
      std::vector<float> c(static_cast<std::size_t>(d.M) * d.N);
      const BlockMatrix w(matrix_view(values, d.K, d.N), format);
      multiply({matrix_view(a, d.M, d.K), w, matrix_view(c, d.M, d.N)}, context);
      digest.add(std::span<const float>(c));
    }
  }
  EXPECT_EQ(digest.hex(), "43db6102b370f755");
}

TEST_P(SparseOnThreads, SharesAVectorLargeEnoughForThreads) {
  // Above the size from which a product is divided, panels of very different fullness, and more workers than row groups.
  for (const Dimensions& d : {Dimensions{1, 400, 1100}, Dimensions{2, 300, 1500}, Dimensions{5, 200, 1300}}) {
    std::vector<float> values = pruned_values(d.K, d.N, 0.6);
    for (int n = 0; n < d.N / 3; ++n) {
      for (int k = n % d.K; k < d.K; ++k) values[static_cast<std::size_t>(k) * d.N + n] = 0.0F;
    }
    const std::vector<float> a = random_values(static_cast<std::size_t>(d.M) * d.K, 1);
    Result want(d.M, d.N);
    gemm::multiply({matrix_view(a, d.M, d.K), matrix_view(values, d.K, d.N), want.view}, context);
    for (const Format format : kFormats) {
      const BlockMatrix w(matrix_view(values, d.K, d.N), format);
      for (const Variant& variant : supported(variants(), gemm::Mode::kExact)) {
        for (int repeat = 0; repeat < 3; ++repeat) {  // the first call may only wake the workers
          Result got(d.M, d.N);
          multiply(variant, {matrix_view(a, d.M, d.K), w, got.view}, context);
          EXPECT_EQ(got.digest(), want.digest()) << describe(variant, format, d, 0.6);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, SparseOnThreads, testing::Values(1, 2, 3, 4));

using Sparse = parallel::OnTwoThreads<gemm::Context>;

TEST_F(Sparse, MatchesANumberWorkedOutByHand) {
  const std::vector<float> a{1, 2, 3, 4, 5, 6};
  const std::vector<float> weights{7, 0, 0, 10, 11, 0};
  const std::vector<float> bias{-41, 1};
  for (const Format format : kFormats) {
    const BlockMatrix w(matrix_view(weights, 3, 2), format);
    std::vector<float> c(4);
    multiply(variants().front(), {matrix_view(a, 2, 3), w, matrix_view(c, 2, 2)}, context);
    EXPECT_EQ(c, (std::vector<float>{40, 20, 94, 50}));
    multiply(variants().front(),
             {matrix_view(a, 2, 3), w, matrix_view(c, 2, 2), {bias.data(), gemm::Activation::kRelu}}, context);
    EXPECT_EQ(c, (std::vector<float>{0, 21, 53, 51}));
  }
}

TEST_F(Sparse, InfinitiesAndNansReachOnlyTheOutputsThatHoldThem) {
  constexpr int K = 12, N = 24;
  for (const int M : {1, 9}) {
    std::vector<float> a = random_values(static_cast<std::size_t>(M) * K, 1);
    std::vector<float> weights(static_cast<std::size_t>(K) * N);
    for (int n = 0; n < N; ++n) weights[2 * N + n] = 1.0F;
    for (int n = 0; n < 4; ++n) weights[9 * N + n] = 0.5F;  // only these hold k = 9
    for (int n = 8; n < 12; ++n) weights[5 * N + n] = std::numeric_limits<float>::infinity();
    a[9] = std::numeric_limits<float>::quiet_NaN();
    a[5] = -1.0F;
    for (const Format format : kFormats) {
      const BlockMatrix w(matrix_view(weights, K, N), format);
      for (const Variant& variant : supported(variants())) {
        Result c(M, N);
        multiply(variant, {matrix_view(a, M, K), w, c.view, {nullptr, gemm::Activation::kRelu}}, context);
        // A block of 4×4 holds k = 8..11 together; no column beyond the first panel has one.
        for (int n = 0; n < 4; ++n) EXPECT_TRUE(std::isnan(c.view(0, n))) << variant.name << " " << name_of(format);
        for (int n = 4; n < N; ++n) EXPECT_TRUE(std::isfinite(c.view(0, n))) << variant.name << " " << name_of(format);
        for (int n = 8; n < 12; ++n) EXPECT_EQ(c.view(0, n), 0.0F) << variant.name;  // relu(-1·inf)
      }
    }
  }
}

TEST_F(Sparse, RefusesOperandsThatDisagreeAndNamesThem) {
  std::vector<float> data(64, 1.0F);
  const auto view = [&](int rows, int columns) { return MatrixView{data.data(), rows, columns, columns, 1}; };
  const BlockMatrix w(view(3, 4), Format::kBlock1x4);
  const auto expect = [&](MatrixView a, MatrixView c, const char* text) {
    const std::string message = message_of<std::invalid_argument>([&] { multiply({a, w, c}, context); });
    EXPECT_NE(message.find(text), std::string::npos) << message;
  };
  expect(view(2, 5), view(2, 4), "A is [2,5], W [3,4] and C [2,4]; want A[M,K], W[K,N], C[M,N]");
  expect(view(2, 3), view(3, 4), "C [3,4]");
  expect(view(-2, 3), view(-2, 4), "A is [-2,3]; dimensions must be >= 0");
  expect({nullptr, 2, 3, 3, 1}, view(2, 4), "A has no data");
  expect(view(2, 3), {nullptr, 2, 4, 4, 1}, "C has no data");
  expect(view(2, 3), {data.data(), 2, 4, 3, 1}, "C's strides are 3 and 1");
}

TEST_F(Sparse, TheDispatcherTakesARungOfTheModeAskedFor) {
  EXPECT_EQ(best(gemm::Mode::kExact, 2).mode, gemm::Mode::kExact);
  EXPECT_FALSE(best(gemm::Mode::kExact, 1).threaded);
  EXPECT_FALSE(best(gemm::Mode::kFast, 1).threaded);
  for (const Variant& variant : supported(variants())) {
    // A dense rung of the same name stands beside each, so that races compare like with like.
    EXPECT_TRUE(std::ranges::any_of(gemm::variants(), [&](const gemm::Variant& dense) {
      return dense.name == variant.name && dense.isa == variant.isa && dense.mode == variant.mode;
    })) << variant.name;
  }
}

TEST(SparseLadder, HasItsRungsByName) { expect_ladder(variants(), variant); }

}  // namespace
}  // namespace optlab::sparse
