#include "measure/race.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "measure/clock.h"
#include "measure/paired.h"

namespace optlab::measure {
namespace {

/// A machine whose time passes only when work is done, so that every figure is known beforehand.
struct FakeMachine {
  double now = 0.0;
  std::string log;  // who ran, one letter a call

  SamplingOptions options(double max_seconds) {
    SamplingOptions options;
    options.max_seconds = max_seconds;
    options.clock = [this] { return now; };
    options.tick = 1e-6;
    return options;
  }
  Contender contender(const std::string& name, double seconds) {
    return {name, [this, name, seconds] { now += seconds, log += name; }, 100.0, 10.0};
  }
};

void finish(Race& race) {
  while (race.step()) {
  }
}

TEST(Race, FindsTheTimeOfACall) {
  FakeMachine machine;
  Race race({machine.contender("a", 1e-3), machine.contender("b", 4e-3)}, machine.options(10.0));
  finish(race);
  const auto lanes = race.lanes();
  ASSERT_EQ(lanes.size(), 2U);
  EXPECT_NEAR(lanes[0].statistics->median, 1e-3, 1e-9);
  EXPECT_NEAR(lanes[1].statistics->median, 4e-3, 1e-9);
  EXPECT_TRUE(lanes[0].settled && lanes[1].settled);
  EXPECT_EQ(lanes[0].statistics->count, 7);  // no noise: the least number of batches suffices
  EXPECT_EQ(lanes[0].name, "a");
  EXPECT_EQ(lanes[0].flops, 100.0);
  EXPECT_EQ(lanes[0].bytes, 10.0);
  EXPECT_LT(machine.now, 1.0);  // and it doesn't use up the time
}

TEST(Race, MeasuresInAlternatingDirection) {
  FakeMachine machine;  // a batch is one call of 62.5 ms
  Race race({machine.contender("a", 0.0625), machine.contender("b", 0.0625), machine.contender("c", 0.0625)},
            machine.options(100.0));
  finish(race);
  EXPECT_EQ(machine.log,
            "aaabbbccc"
            "abccbaabccbaabccbaabc");
}

TEST(Race, BatchesLastAThousandTicksAndTwentyMilliseconds) {
  for (double tick : {1e-6, 1e-4}) {  // 20 ms rules; 1000 ticks rule
    FakeMachine machine;
    auto options = machine.options(100.0);
    options.tick = tick;
    Race race({machine.contender("a", 1e-5)}, options);
    double longest = 0.0;
    for (bool more = true; more;) {
      const double before = machine.now;
      more = race.step();
      longest = std::max(longest, machine.now - before);
    }
    EXPECT_NEAR(longest, std::max(0.02, 1000 * tick), 1e-4);
  }
}

TEST(Race, KeepsWarmUpOutOfTheSamplesButNotOutOfTheRecord) {
  FakeMachine machine;
  int calls = 0;
  const auto run = [&] { machine.now += ++calls <= 200 ? 4e-3 : 1e-3; };  // optimized code arrives after 0.8 s
  auto options = machine.options(100.0);
  options.warm_up_seconds = 0.9;
  Race race({{"tiers", run, 0.0, 0.0}}, options);
  finish(race);
  EXPECT_NEAR(race.lane(0).statistics->max, 1e-3, 1e-9);
  const auto discarded = race.discarded(0);
  ASSERT_GT(discarded.size(), 10U);
  EXPECT_EQ(race.lane(0).discarded, static_cast<int>(discarded.size()));
  EXPECT_NEAR(discarded.front().seconds, 4e-3, 1e-9);
  EXPECT_NEAR(discarded.back().seconds, 1e-3, 1e-9);
  int discarded_calls = 0;
  for (const Discarded& d : discarded) {
    EXPECT_EQ(d.reason, "warm-up");
    discarded_calls += d.calls;
  }
  EXPECT_GE(discarded_calls, 200);
}

TEST(Race, WarmsUpUntilTheTrendIsFlat) {
  FakeMachine machine;
  double cost = 8e-3;
  // 0.15 s are over long before this has come down to its final speed.
  const auto run = [&] { machine.now += cost, cost = std::max(1e-3, cost * 0.985); };
  Race race({{"slow start", run, 0.0, 0.0}}, machine.options(100.0));
  finish(race);
  EXPECT_NEAR(race.lane(0).statistics->median, 1e-3, 1e-9);
  EXPECT_TRUE(race.lane(0).settled);
}

TEST(Race, KeepsOutliersAndTheMedianIgnoresThem) {
  FakeMachine machine;
  int calls = 0;
  const auto run = [&] { machine.now += ++calls % 10 == 0 ? 0.5 : 0.05; };  // one call a batch
  Race race({{"interrupted", run, 0.0, 0.0}}, machine.options(20.0));
  finish(race);
  const Lane lane = race.lane(0);
  EXPECT_NEAR(lane.statistics->median, 0.05, 1e-9);
  EXPECT_NEAR(lane.statistics->max, 0.5, 1e-9);
  EXPECT_EQ(static_cast<int>(race.samples(0).size()), lane.statistics->count);
}

TEST(Race, EndsWhenTheTimeIsSpentAndSaysNotSettled) {
  FakeMachine machine;
  int calls = 0;
  const auto run = [&] { machine.now += ++calls % 2 == 0 ? 0.03 : 0.05; };  // never within 2 %
  Race race({{"noisy", run, 0.0, 0.0}}, machine.options(3.0));
  finish(race);
  EXPECT_FALSE(race.lane(0).settled);
  EXPECT_GE(machine.now, 3.0);
  EXPECT_LT(machine.now, 3.1);
  EXPECT_FALSE(race.step());  // stays finished, runs nothing
  EXPECT_LT(machine.now, 3.1);
}

TEST(Race, EveryLaneHasASampleEvenIfOneCallTakesLongerThanTheTime) {
  FakeMachine machine;
  Race race({machine.contender("a", 5.0), machine.contender("b", 1e-3)}, machine.options(1.0));
  finish(race);
  EXPECT_GE(race.lane(0).statistics.value().count, 1);
  EXPECT_GE(race.lane(1).statistics.value().count, 1);
  EXPECT_EQ(race.lane(0).discarded, 1);
}

TEST(Race, ProgressNeverFallsAndEndsAtOne) {
  FakeMachine machine;
  Race race({machine.contender("a", 1e-3), machine.contender("b", 3e-2)}, machine.options(5.0));
  double last = 0.0;
  while (race.step()) {
    EXPECT_GE(race.progress(), last);
    EXPECT_LT(race.progress(), 1.0);
    last = race.progress();
  }
  EXPECT_EQ(race.progress(), 1.0);
}

TEST(Race, PassesOnWhatAContenderThrows) {
  Race race({{"bad", [] { throw std::domain_error("no"); }, 0.0, 0.0}});
  EXPECT_THROW(race.step(), std::domain_error);
}

TEST(Race, RefusesWhatItCannotMeasure) {
  FakeMachine machine;
  EXPECT_THROW(Race({}), std::invalid_argument);
  EXPECT_THROW(Race({{"nothing", nullptr, 0.0, 0.0}}), std::invalid_argument);
  EXPECT_THROW(Race({machine.contender("a", 1.0)}, machine.options(0.0)), std::invalid_argument);
  EXPECT_THROW(Race({machine.contender("a", 1.0)}, machine.options(-1.0)), std::invalid_argument);
  EXPECT_THROW(Race({machine.contender("a", 1.0)}).samples(1), std::out_of_range);
  EXPECT_THROW(Race({machine.contender("a", 1.0)}).lane(-1), std::out_of_range);
}

TEST(PairedComparison, FindsTheRatio) {
  FakeMachine machine;
  const Comparison c = compare(machine.contender("a", 3e-3), machine.contender("b", 4e-3), machine.options(10.0));
  EXPECT_NEAR(c.ratio.median, 0.75, 1e-9);
  EXPECT_TRUE(c.settled);
  EXPECT_EQ(c.ratios.size(), 7U);
  EXPECT_EQ(c.candidate.size(), 14U);
  EXPECT_EQ(c.baseline.size(), 14U);
  EXPECT_FALSE(c.discarded_candidate.empty());
}

TEST(PairedComparison, CancelsALinearDrift) {
  FakeMachine machine;
  double heat = 1.0;  // every call makes the next 2 % of the first slower: each alone doubles its time and more
  const auto contender = [&](const char* name, double seconds) {
    return Contender{name, [&, seconds] { machine.now += seconds * (heat += 0.02); }, 0.0, 0.0};
  };
  const Comparison c = compare(contender("a", 0.05), contender("b", 0.1), machine.options(60.0));
  EXPECT_GT(summarize(c.candidate).max, 1.2 * summarize(c.candidate).min);
  EXPECT_NEAR(c.ratio.median, 0.5, 1e-9);
  EXPECT_NEAR(c.ratio.max - c.ratio.min, 0.0, 1e-9);
}

TEST(PairedComparison, RunsABBA) {
  FakeMachine machine;
  compare(machine.contender("a", 0.0625), machine.contender("b", 0.0625), machine.options(100.0));
  EXPECT_EQ(machine.log.substr(6, 8), "abbaabba");
}

TEST(PairedComparison, HasNoResultBeforeTheFirstQuadruple) {
  FakeMachine machine;
  PairedComparison comparison(machine.contender("a", 1.0), machine.contender("b", 1.0), machine.options(1.0));
  EXPECT_THROW(comparison.result(), std::logic_error);
}

TEST(Clock, MovesForwardInSmallSteps) {
  const double before = now_seconds();
  EXPECT_GT(clock_tick(), 0.0);
  EXPECT_LE(clock_tick(), 0.02);
  EXPECT_EQ(clock_tick(), clock_tick());
  EXPECT_GE(now_seconds(), before);
}

}  // namespace
}  // namespace optlab::measure
