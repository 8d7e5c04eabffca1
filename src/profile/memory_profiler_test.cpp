#include "profile/memory_profiler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "core/arena.h"
#include "core/tensor.h"
#include "parallel/thread_pool.h"

namespace optlab::profile {
namespace {

TEST(MemoryProfiler, RecordsAllocationsToTheByte) {
  const Tensor before({5});
  MemoryProfiler profiler;
  const std::size_t start = profiler.at_start();
  EXPECT_EQ(start, memory::figures().current);
  {
    const Tensor weights({3, 5});
    const Tensor output({7});
  }
  const std::vector<MemoryEvent> events = profiler.timeline();
  ASSERT_EQ(events.size(), 4U);
  const std::ptrdiff_t bytes[] = {60, 28, -28, -60};
  const std::size_t current[] = {60, 88, 60, 0};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(events[i].bytes, bytes[i]);
    EXPECT_EQ(events[i].current, start + current[i]);
    EXPECT_EQ(events[i].region, -1);
    EXPECT_GE(events[i].seconds, i == 0 ? 0.0 : events[i - 1].seconds);
  }
  EXPECT_EQ(profiler.high_water(), start + 88);
  EXPECT_EQ(profiler.current(), start);
}

TEST(MemoryProfiler, AReleaseOfWhatWasThereBeforeCountsToo) {
  Tensor before({100});
  MemoryProfiler profiler;
  before = Tensor();
  EXPECT_EQ(profiler.current() + 400, profiler.at_start());
  EXPECT_EQ(profiler.high_water(), profiler.at_start());
}

TEST(MemoryProfiler, KnowsEachRegionsHighWaterMark) {
  MemoryProfiler profiler;
  const std::size_t start = profiler.at_start();
  Tensor kept;
  for (int run = 0; run < 2; ++run) {
    profiler.begin_region("block");
    const Tensor input({10});
    profiler.begin_region("fc1");
    { const Tensor scratch({run == 0 ? 100 : 50}); }
    profiler.end_region();
    profiler.begin_region("fc2");
    kept = Tensor({20});  // the second time, the new one is there before the old one goes
    profiler.end_region();
    profiler.end_region();
  }
  profiler.begin_region("fc1");  // another than the one in the block
  profiler.end_region();
  profiler.end_region();  // one too many does nothing
  const auto regions = profiler.regions();
  ASSERT_EQ(regions.size(), 4U);
  const MemoryRegion &block = regions[0], &fc1 = regions[1], &fc2 = regions[2], &other = regions[3];
  EXPECT_EQ(block.label, "block");
  EXPECT_EQ(block.parent, -1);
  EXPECT_EQ(fc1.parent, 0);
  EXPECT_EQ(other.parent, -1);
  EXPECT_EQ(block.visits, 2);
  EXPECT_EQ(fc1.visits, 2);
  EXPECT_EQ(other.visits, 1);
  EXPECT_EQ(fc1.allocated, 400U + 200U);
  EXPECT_EQ(fc1.allocations, 2);
  EXPECT_EQ(block.allocated, 2 * 40U + 600U + 2 * 80U);
  EXPECT_EQ(fc1.high_water, start + 40 + 400);  // of the first run
  EXPECT_EQ(fc1.growth(), 400U);
  EXPECT_EQ(fc2.high_water, start + 80 + 40 + 80);  // of the second
  EXPECT_EQ(fc2.growth(), 80U);
  EXPECT_EQ(block.high_water, start + 40 + 400);
  EXPECT_EQ(block.growth(), 440U);
  EXPECT_EQ(other.growth(), 0U);
  EXPECT_EQ(profiler.timeline()[1].region, 1);
  EXPECT_EQ(profiler.current(), start + 80);
}

TEST(MemoryProfiler, CountsWorkersAllocationsForTheOpenRegion) {
  parallel::ThreadPool pool(4);
  MemoryProfiler profiler;
  const std::size_t start = profiler.at_start();
  profiler.begin_region("layer");
  std::vector<Tensor> tensors(static_cast<std::size_t>(pool.threads()));
  pool.run(pool.threads(), [&](int worker) {
    for (int i = 1; i <= 200; ++i) tensors[static_cast<std::size_t>(worker)] = Tensor({i});
  });
  profiler.end_region();
  const auto threads = static_cast<std::size_t>(pool.threads());
  const MemoryRegion layer = profiler.regions().front();
  EXPECT_EQ(layer.allocations, 200 * pool.threads());
  EXPECT_EQ(layer.allocated, 4 * threads * (200 * 201 / 2));
  EXPECT_EQ(profiler.current() - start, 800 * threads);
  EXPECT_GE(layer.growth(), 800 * threads);
  EXPECT_LE(layer.growth(), (800 + 796) * threads);
  std::size_t sum = start;
  for (const MemoryEvent& event : profiler.timeline()) {
    sum += static_cast<std::size_t>(event.bytes);
    ASSERT_EQ(event.current, sum);
  }
  EXPECT_EQ(sum, profiler.current());
}

TEST(MemoryProfiler, KeepsItsFiguresWhenTheTimelineIsFull) {
  MemoryProfiler profiler(3);
  const std::size_t start = profiler.at_start();
  for (int i = 1; i <= 10; ++i) const Tensor tensor({i});
  EXPECT_EQ(profiler.timeline().size(), 3U);
  EXPECT_EQ(profiler.dropped_events(), 17U);
  EXPECT_EQ(profiler.high_water(), start + 40);
}

TEST(MemoryProfiler, ThereIsOneAtATime) {
  {
    const MemoryProfiler profiler;
    EXPECT_THROW(MemoryProfiler(), std::logic_error);
    Tensor heard({1});
    EXPECT_EQ(profiler.timeline().size(), 1U);
  }
  EXPECT_NO_THROW(MemoryProfiler());
}

}  // namespace
}  // namespace optlab::profile
