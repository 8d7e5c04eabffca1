#include "sparse/crossover.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/rng.h"
#include "core/test_support.h"

namespace optlab::sparse {
namespace {

const measure::SamplingOptions kBrief{.max_seconds = 0.05, .batch_seconds = 0.0005, .warm_up_seconds = 0.001};

TEST(Crossover, IsWhereTheLineMeetsTheDenseTime) {
  const std::vector<double> densities{0.1, 0.2, 0.5};
  const auto found = [&](std::vector<double> seconds) { return crossing(10.0, densities, seconds); };
  EXPECT_DOUBLE_EQ(found({4, 8, 12}), 0.35);
  EXPECT_DOUBLE_EQ(found({8, 12, 20}), 0.15);
  EXPECT_DOUBLE_EQ(found({2, 10, 20}), 0.2);
  EXPECT_EQ(found({10, 20, 30}), 0.0);
  EXPECT_EQ(found({1, 2, 3}), 1.0);
  EXPECT_EQ(crossing(10.0, {}, {}), 0.0);
}

TEST(Crossover, RacesSparseAgainstDense) {
  parallel::ThreadPool pool(2);
  for (const Format format : kFormats) {
    for (const gemm::Mode mode : {gemm::Mode::kExact, gemm::Mode::kFast}) {
      const Crossover found = crossover(5, 40, 60, format, mode, pool, kBrief);
      EXPECT_EQ(found.M, 5);
      EXPECT_EQ(found.K, 40);
      EXPECT_EQ(found.N, 60);
      EXPECT_EQ(found.format, format);
      EXPECT_EQ(found.mode, mode);
      EXPECT_GE(found.density, 0.0);
      EXPECT_LE(found.density, 1.0);
      EXPECT_EQ(found.dense.flops, 2.0 * 5 * 40 * 60);
      ASSERT_GE(found.sparse.size(), 5U);
      EXPECT_EQ(found.sparse.back().density, 1.0);
      std::vector<double> densities, seconds;
      for (const Crossover::Point& point : found.sparse) {
        ASSERT_TRUE(point.lane.statistics.has_value());
        EXPECT_DOUBLE_EQ(point.lane.flops, 2.0 * 5 * 40 * 60 * point.density);
        EXPECT_GE(point.density, densities.empty() ? 0.0 : densities.back());
        densities.push_back(point.density);
        seconds.push_back(point.lane.statistics->median);
      }
      EXPECT_EQ(found.density, crossing(found.dense.statistics->median, densities, seconds));
    }
  }
}

TEST(Crossover, ARandomMatrixHasTheDensityAskedFor) {
  for (const Format format : kFormats) {
    EXPECT_EQ(random_matrix(50, 70, format, 0.0, 1).blocks(), 0);
    EXPECT_EQ(random_matrix(50, 70, format, 1.0, 1).density(), 1.0);
    EXPECT_NEAR(random_matrix(200, 400, format, 0.3, 1).density(), 0.3, 0.03);
    EXPECT_EQ(random_matrix(0, 9, format, 0.5, 1).density(), 0.0);
  }
}

TEST(Crossover, RefusesWhatCannotBeRaced) {
  parallel::ThreadPool pool(1);
  const auto message = [&](int M, int K, int N) {
    return message_of<std::invalid_argument>(
        [&] { crossover(M, K, N, Format::kCsr, gemm::Mode::kExact, pool, kBrief); });
  };
  EXPECT_NE(message(0, 4, 4).find("M, K, N are [0,4,4]; each must be >= 1"), std::string::npos);
  EXPECT_NE(message(4, -1, 4).find("each must be >= 1"), std::string::npos);
  EXPECT_NE(message(65536, 65536, 1).find("more than 2147483647"), std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([] { random_matrix(3, 3, Format::kCsr, 1.5, 1); }).find("0 to 1"),
            std::string::npos);
  EXPECT_THROW(random_matrix(3, 3, Format::kCsr, std::nan(""), 1), std::invalid_argument);
  CrossoverProbe probe(2, 8, 8, Format::kCsr, gemm::Mode::kExact, pool, kBrief);
  EXPECT_EQ(probe.progress(), 0.0);
  EXPECT_THROW(probe.result(), std::logic_error);
}

class Adaptive : public testing::Test {
 protected:
  static Crossover at(int K, int N, Format format, gemm::Mode mode, double density) {
    return {3, K, N, format, mode, 2, density, {}, {}};
  }
  parallel::ThreadPool pool{2};
  Arena scratch;
  gemm::Context context{pool, scratch};
};

TEST_F(Adaptive, TakesTheFasterFormAndGivesTheSameBits) {
  constexpr int M = 3, K = 37, N = 45;
  std::vector<float> a(M * K), w(K * N), bias(N);
  Rng(1, 0).fill_uniform(a, -1.0F, 1.0F);
  Rng(1, 1).fill_uniform(w, -1.0F, 1.0F);
  Rng(1, 2).fill_uniform(bias, -1.0F, 1.0F);
  std::vector<std::uint8_t> mask(K * N);
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = i / 4 % 3 == 0;
  const gemm::Epilogue epilogue{bias.data(), gemm::Activation::kRelu};
  for (const Format format : kFormats) {
    std::vector<float> results[2];
    for (const bool sparse : {false, true}) {
      const AdaptiveMatrix matrix(matrix_view(w, K, N), at(K, N, format, gemm::Mode::kExact, sparse ? 0.999 : 0.01),
                                  matrix_view(mask, K, N));
      // 4x4 blocks of this mask are all kept, so nothing is below 0.999.
      EXPECT_EQ(matrix.is_sparse(), sparse && matrix.density() < 0.999) << name_of(format);
      EXPECT_GT(matrix.bytes(), 0U);
      results[sparse].resize(M * N);
      multiply(matrix_view(a, M, K), matrix, matrix_view(results[sparse], M, N), epilogue, context);
    }
    EXPECT_EQ(results[0], results[1]) << name_of(format);
  }
  const AdaptiveMatrix fast(matrix_view(w, K, N), at(K, N, Format::kCsr, gemm::Mode::kFast, 0.5));
  EXPECT_FALSE(fast.is_sparse());  // full
  EXPECT_EQ(fast.density(), 1.0);
}

TEST_F(Adaptive, RefusesACrossoverOfAnotherShape) {
  const std::vector<float> w(12);
  EXPECT_NE(message_of<std::invalid_argument>([&] {
              AdaptiveMatrix(matrix_view(w, 3, 4), at(4, 3, Format::kCsr, gemm::Mode::kExact, 0.5));
            }).find("W is [3,4], the crossover was measured for [4,3]"),
            std::string::npos);
}

}  // namespace
}  // namespace optlab::sparse
