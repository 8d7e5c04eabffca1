#include "measure/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace optlab::measure {
namespace {

TEST(Statistics, MatchesValuesComputedByHand) {
  const std::vector<double> samples = {7, 1, 3, 5, 9};
  const Statistics s = summarize(samples);
  EXPECT_EQ(s.count, 5);
  EXPECT_DOUBLE_EQ(s.median, 5.0);
  EXPECT_DOUBLE_EQ(s.mean, 5.0);
  EXPECT_DOUBLE_EQ(s.stddev, std::sqrt(10.0));  // (16+4+0+4+16)/4
  EXPECT_DOUBLE_EQ(s.min, 1.0);
  EXPECT_DOUBLE_EQ(s.max, 9.0);
  EXPECT_DOUBLE_EQ(s.p5, 1.4);   // h = 4·0.05 = 0.2: 1 + 0.2·2
  EXPECT_DOUBLE_EQ(s.p95, 8.6);  // h = 3.8: 7 + 0.8·2
  EXPECT_DOUBLE_EQ(s.mad, 2.0);  // of 4 2 0 2 4
  EXPECT_TRUE(s.interval_is_range);
  EXPECT_DOUBLE_EQ(s.low, 1.0);
  EXPECT_DOUBLE_EQ(s.high, 9.0);
}

TEST(Statistics, OfOneSampleIsThatSample) {
  const std::vector<double> samples = {2.5};
  const Statistics s = summarize(samples);
  for (double value : {s.median, s.mean, s.min, s.max, s.p5, s.p95, s.low, s.high}) EXPECT_EQ(value, 2.5);
  EXPECT_EQ(s.stddev, 0.0);
}

TEST(Statistics, AnOutlierMovesNeitherTheMedianNorItsDeviation) {
  const std::vector<double> calm = {10, 11, 12, 13, 14}, disturbed = {10, 11, 12, 13, 1e6};
  EXPECT_DOUBLE_EQ(summarize(calm).mad, 1.0);
  EXPECT_DOUBLE_EQ(summarize(disturbed).mad, 1.0);
  EXPECT_DOUBLE_EQ(summarize(disturbed).median, summarize(calm).median);
  EXPECT_GT(summarize(disturbed).stddev, 1e5);
}

TEST(Statistics, TheMedianOfAnEvenCountLiesBetween) {
  const std::vector<double> samples = {4, 1, 3, 2};
  EXPECT_DOUBLE_EQ(summarize(samples).median, 2.5);
}

TEST(Statistics, QuantileIsType7) {
  const std::vector<double> sorted = {10, 20, 30, 40};
  EXPECT_DOUBLE_EQ(quantile(sorted, 0.0), 10.0);
  EXPECT_DOUBLE_EQ(quantile(sorted, 0.25), 17.5);
  EXPECT_DOUBLE_EQ(quantile(sorted, 0.5), 25.0);
  EXPECT_DOUBLE_EQ(quantile(sorted, 1.0), 40.0);
}

// The published table of 95 % intervals for the median (rank of the lower end by sample size).
TEST(Statistics, IntervalRanksMatchTheTable) {
  const int table[][2] = {{1, 0},  {5, 0},  {6, 1},  {8, 1},   {9, 2},   {11, 2},  {12, 3},
                          {15, 4}, {20, 6}, {25, 8}, {30, 10}, {50, 18}, {70, 27}, {100, 40}};
  for (const auto& [n, rank] : table) EXPECT_EQ(median_interval_rank(n), rank) << "n = " << n;
}

// 2^-n underflows here; the normal approximation n/2 - 0.98·sqrt(n) is good to a rank or two.
TEST(Statistics, IntervalRanksStayRightForManySamples) {
  for (int n : {2000, 10000, 100000}) {
    EXPECT_NEAR(median_interval_rank(n), n / 2.0 - 0.97998 * std::sqrt(n), 2.0) << "n = " << n;
  }
}

TEST(Statistics, TheIntervalTakesTheRanks) {
  std::vector<double> samples(20);
  std::iota(samples.rbegin(), samples.rend(), 1.0);
  const Statistics s = summarize(samples);
  EXPECT_FALSE(s.interval_is_range);
  EXPECT_EQ(s.low, 6.0);
  EXPECT_EQ(s.high, 15.0);
}

// What the interval claims, tried: 2000 sets of 15 skewed values with a known median.
TEST(Statistics, TheIntervalCoversTheMedianAsOftenAsItSays) {
  std::uint64_t state = 1;
  const auto uniform = [&state] {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<double>(state >> 11) * 0x1p-53;
  };
  int covered = 0;
  for (int set = 0; set < 2000; ++set) {
    std::vector<double> samples(15);
    for (double& sample : samples) {
      const double u = uniform();
      sample = u / (1.01 - u);  // median 0.5/0.51, long tail to the right
    }
    const Statistics s = summarize(samples);
    covered += s.low <= 0.5 / 0.51 && 0.5 / 0.51 <= s.high;
  }
  EXPECT_GT(covered, 1900);  // exactly 96.5 % are expected: 1930 ± 8
  EXPECT_LT(covered, 1970);
}

TEST(Statistics, RefusesNothingAndNonsense) {
  EXPECT_THROW(summarize({}), std::invalid_argument);
  const std::vector<double> nan = {1.0, std::numeric_limits<double>::quiet_NaN()};
  EXPECT_THROW(summarize(nan), std::invalid_argument);
  const std::vector<double> infinite = {std::numeric_limits<double>::infinity()};
  EXPECT_THROW(summarize(infinite), std::invalid_argument);
  const std::vector<double> one = {1.0};
  EXPECT_THROW(quantile(one, 1.5), std::invalid_argument);
  EXPECT_THROW(quantile({}, 0.5), std::invalid_argument);
}

}  // namespace
}  // namespace optlab::measure
