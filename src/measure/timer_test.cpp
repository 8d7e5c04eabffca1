#include "measure/timer.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace optlab::measure {
namespace {

/// Time passes only where the timed function says so.
SamplingOptions options_of(double& now, double tick) {
  SamplingOptions options;
  options.clock = [&now] { return now; };
  options.tick = tick;
  return options;
}

TEST(Timer, BatchesLastAThousandTicks) {
  double now = 0.0;
  int calls = 0;
  const auto run = [&] { now += 1e-5, ++calls; };
  const Timing timing = time(run, options_of(now, 1e-4));
  EXPECT_TRUE(timing.settled);
  EXPECT_NEAR(timing.statistics.median, 1e-5, 1e-12);
  EXPECT_EQ(timing.statistics.count, static_cast<int>(timing.samples.size()));
  ASSERT_FALSE(timing.discarded.empty());
  EXPECT_EQ(timing.discarded.front().reason, "warm-up");
  int warm_up = 0;
  for (const Discarded& batch : timing.discarded) warm_up += batch.calls;
  EXPECT_GE(calls - warm_up, 10000 * timing.statistics.count);  // 1000 ticks are 0.1 s, 10,000 calls
}

TEST(Timer, OneDisturbedBatchMovesNeitherMedianNorMad) {
  double now = 0.0;
  int calls = 0;
  auto options = options_of(now, 1e-6);
  options.least_batches = 11;
  // A call is a batch of 62.5 ms; the tenth, after three of warm-up, is ten times as slow.
  const Timing timing = time([&] { now += ++calls == 10 ? 0.625 : 0.0625; }, options);
  EXPECT_EQ(timing.statistics.median, 0.0625);
  EXPECT_EQ(timing.statistics.mad, 0.0);
  EXPECT_EQ(timing.statistics.max, 0.625);
  EXPECT_EQ(timing.statistics.high, 0.0625);
  EXPECT_GT(timing.statistics.mean, 0.1);
}

TEST(Timer, EndsInTimeAndGoesStepByStep) {
  double now = 0.0;
  auto options = options_of(now, 1e-6);
  options.max_seconds = 1.0;
  Timer timer(
      [&, n = 0]() mutable {
        ++n;
        now += n % 2 == 0 ? 0.1 : 0.2;  // never settles
      },
      options);
  EXPECT_THROW(timer.result(), std::logic_error);
  double last = 0.0;
  while (timer.step()) {
    EXPECT_GE(timer.progress(), last);
    last = timer.progress();
  }
  EXPECT_EQ(timer.progress(), 1.0);
  EXPECT_FALSE(timer.result().settled);
  EXPECT_LT(now, 1.5);
}

TEST(Timer, RefusesNothingToRun) { EXPECT_THROW(Timer(nullptr), std::invalid_argument); }

}  // namespace
}  // namespace optlab::measure
