#include "profile/model_profile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <utility>

#include "core/tensor.h"
#include "profile/model_profiler.h"

namespace optlab::profile {
namespace {

/// A model on a clock that only its layers move: "fc1", then a "block" of two.
struct FakeModel {
  double now = 0.0;
  double slowness = 1.0;
  Tensor kept;

  void layer(Observer* observer, const char* name, double seconds, const Work& work) {
    const ObservedLayer observed(observer, {name, "Linear", work, Shape{2, 3}});
    now += seconds * slowness;
  }
  void run(Observer* observer) {
    now += 0.5 * slowness;  // between the layers
    {
      const ObservedLayer observed(observer, {"fc1", "Linear", {.additions = 1000, .bytes_read = 100}, Shape{2, 3}});
      const Tensor scratch({25});
      now += 1.0 * slowness;
    }
    const ObservedLayer block(observer, {"block", "Block", {.comparisons = 7}, Shape{2, 3}});
    layer(observer, "fc1", 2.0, {.multiplications = 50});
    layer(observer, "fc2", 0.5, {.multiplications = 10});
    layer(observer, "fc2", 0.25, {.multiplications = 10});  // the same again
    now += 0.75 * slowness;
    kept = Tensor({10});
  }
  std::function<double()> clock() {
    return [this] { return now; };
  }
};

void run_once(FakeModel& model, ModelProfile& profile) {
  profile.begin_run();
  model.run(&profile);
  profile.end_run();
}

TEST(ModelProfile, TimesLayersByThemselvesAndInsideOthers) {
  FakeModel model;
  ModelProfile profile(model.clock());
  for (const double slowness : {1.0, 3.0, 2.0}) {
    model.slowness = slowness;
    run_once(model, profile);
    profile.end_sample();
  }
  const auto layers = profile.layers();
  ASSERT_EQ(layers.size(), 4U);
  const char* names[] = {"fc1", "block", "fc1", "fc2"};
  const int parents[] = {-1, -1, 1, 1}, calls[] = {1, 1, 1, 2};
  const double seconds[] = {2.0, 7.0, 4.0, 1.5};  // medians: at slowness 2
  const std::int64_t flops[] = {1000, 7 + 50 + 20, 50, 20};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(layers[i].name, names[i]);
    EXPECT_EQ(layers[i].parent, parents[i]);
    EXPECT_EQ(layers[i].depth, parents[i] < 0 ? 0 : 1);
    EXPECT_EQ(layers[i].calls, calls[i]);
    ASSERT_TRUE(layers[i].seconds);
    EXPECT_EQ(layers[i].seconds->count, 3);
    EXPECT_DOUBLE_EQ(layers[i].seconds->median, seconds[i]);
    EXPECT_DOUBLE_EQ(layers[i].share, seconds[i] / 10.0);
    EXPECT_EQ(layers[i].work.flops(), flops[i]);
    EXPECT_DOUBLE_EQ(layers[i].flops_per_second(), static_cast<double>(flops[i]) / seconds[i]);
  }
  EXPECT_DOUBLE_EQ(profile.run()->median, 10.0);
  EXPECT_DOUBLE_EQ(layers[0].work.intensity(), 10.0);
}

TEST(ModelProfile, ASampleIsTheMeanOfItsRuns) {
  FakeModel model;
  ModelProfile profile(model.clock());
  run_once(model, profile);
  profile.discard();  // doesn't count
  EXPECT_FALSE(profile.layers().front().seconds);
  EXPECT_FALSE(profile.run());
  EXPECT_THROW(profile.end_sample(), std::logic_error);
  for (const double slowness : {1.0, 3.0}) {
    model.slowness = slowness;
    run_once(model, profile);
  }
  profile.end_sample();
  EXPECT_EQ(profile.layers().front().seconds->count, 1);
  EXPECT_DOUBLE_EQ(profile.layers().front().seconds->median, 2.0);
  EXPECT_DOUBLE_EQ(profile.run()->median, 10.0);
}

TEST(ModelProfile, TakesARunThatFails) {
  FakeModel model;
  ModelProfile profile(model.clock());
  const auto fail = [&] {
    const ObservedLayer block(&profile, {"block", "Block", {}, Shape{1}});
    throw std::runtime_error("no memory");
  };
  profile.begin_run();
  EXPECT_THROW(fail(), std::runtime_error);
  profile.discard();
  run_once(model, profile);
  profile.end_sample();
  EXPECT_EQ(profile.layers()[1].name, "fc1");
  EXPECT_EQ(profile.layers()[1].depth, 0);
  const ObservedLayer unobserved(nullptr, {"fc", "Linear", {}, Shape{1}});
}

TEST(ModelProfiler, MeasuresTimesAndTheMemoryOfTheFirstRun) {
  FakeModel model;
  measure::SamplingOptions options;
  options.clock = model.clock();
  options.tick = 1e-6;
  options.max_seconds = 1000.0;
  ModelProfiler profiler([&](Observer* observer) { model.run(observer); }, options);
  double last = 0.0;
  while (profiler.step()) {
    EXPECT_GE(profiler.progress(), last);
    last = profiler.progress();
  }
  EXPECT_EQ(profiler.progress(), 1.0);
  const auto layers = profiler.profile().layers();
  ASSERT_EQ(layers.size(), 4U);
  EXPECT_EQ(layers[0].seconds->count, 7);
  EXPECT_DOUBLE_EQ(layers[0].seconds->median, 1.0);
  EXPECT_EQ(layers[0].growth, 100U);  // its scratch
  EXPECT_EQ(layers[1].growth, 40U);   // what it kept
  EXPECT_EQ(layers[2].growth, 0U);
  EXPECT_EQ(layers[0].high_water - layers[1].high_water, 60U);
  EXPECT_EQ(profiler.memory_timeline().size(), 3U);
  EXPECT_THROW(ModelProfiler(nullptr), std::invalid_argument);
}

// A browser without cross-origin isolation: the clock steps by 100 µs, the layers take 20 and 7.
TEST(ModelProfiler, MeasuresLayersShorterThanTheClocksTick) {
  constexpr double kTick = 1e-4;
  double now = 0.0;
  measure::SamplingOptions options;
  options.clock = [&] { return std::floor(now / kTick) * kTick; };
  options.tick = kTick;
  options.max_seconds = 100.0;
  ModelProfiler profiler(
      [&](Observer* observer) {
        now += 4e-6;
        for (const auto& [name, seconds] : {std::pair{"long", 20e-6}, {"short", 7e-6}}) {
          const ObservedLayer layer(observer, {name, "Linear", {}, Shape{1}});
          now += seconds;
        }
      },
      options);
  while (profiler.step()) {
  }
  const auto layers = profiler.profile().layers();
  EXPECT_NEAR(layers[0].seconds->median, 20e-6, 0.02 * 20e-6);
  EXPECT_NEAR(layers[1].seconds->median, 7e-6, 0.02 * 7e-6);
  EXPECT_NEAR(profiler.profile().run()->median, 31e-6, 0.02 * 31e-6);
}

TEST(ModelProfiler, HandsOnWhatTheModelThrows) {
  ModelProfiler profiler([](Observer*) { throw std::runtime_error("broken"); });
  EXPECT_THROW(profiler.step(), std::runtime_error);
  EXPECT_NO_THROW(MemoryProfiler());  // nobody listens any more
}

TEST(ModelProfileText, EscapesNamesForCsvAndJson) {
  double now = 10.0;
  ModelProfile profile([&] { return now; });
  profile.begin_run();
  {
    const ObservedLayer outer(
        &profile, {"a,\"b\"", "Kind\\\n", {.additions = 6000000000, .bytes_read = 8, .bytes_written = 4}, Shape{2, 3}});
    now += 0.25;
    const ObservedLayer inner(&profile, {"größe", "x", {}, Shape{}});
    now += 0.0000015;
  }
  now += 0.25;
  profile.end_run();
  profile.end_sample();
  EXPECT_EQ(to_csv(profile.layers()),
            "layer,kind,depth,output,calls,samples,median_us,low_us,high_us,percent,flops,bytes_read,bytes_written,"
            "gflop_per_s,flop_per_byte,high_water_bytes,growth_bytes\n"
            "\"a,\"\"b\"\"\",\"Kind\\\n\",0,\"[2,3]\",1,1,250001.500,250001.500,250001.500,50.000,6000000000,8,4,"
            "24.000,500000000.000,0,0\n"
            "\"a,\"\"b\"\"/größe\",x,1,[],1,1,1.500,1.500,1.500,0.000,0,0,0,0.000,0.000,0,0\n");
  EXPECT_EQ(trace_json(profile, "a \"model\""),
            R"({"displayTimeUnit":"ms","traceEvents":[{"name":"process_name","ph":"M","pid":1,"tid":1,)"
            R"("args":{"name":"a \"model\""}},)"
            "\n"
            R"({"name":"a,\"b\"","cat":"Kind\\\u000a","ph":"X","ts":0.000,"dur":250001.500,"pid":1,"tid":1,)"
            R"("args":{"output":"[2,3]","flops":6000000000,"bytes":12}},)"
            "\n"
            R"({"name":"größe","cat":"x","ph":"X","ts":250000.000,"dur":1.500,"pid":1,"tid":1,)"
            R"("args":{"output":"[]","flops":0,"bytes":0}}]})"
            "\n");
}

}  // namespace
}  // namespace optlab::profile
