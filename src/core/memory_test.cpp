#include "core/memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "core/arena.h"
#include "core/buffer.h"
#include "core/tensor.h"

namespace optlab {
namespace {

/// Adds up what it hears.
class Recorder : public memory::Listener {
 public:
  Recorder() { EXPECT_TRUE(memory::start_listening(*this)); }
  ~Recorder() override { memory::stop_listening(); }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  void on_memory(std::ptrdiff_t bytes, std::size_t current) noexcept override {
    consistent = consistent && (events.empty() || last + static_cast<std::size_t>(bytes) == current);
    last = current;
    events.push_back(bytes);
    sum += bytes;
  }

  std::vector<std::ptrdiff_t> events;
  std::ptrdiff_t sum = 0;
  std::size_t last = 0;
  bool consistent = true;
};

TEST(Memory, CountsEveryByteOfABufferATensorAndAnArena) {
  const memory::Figures before = memory::figures();
  {
    const AlignedBuffer<double> buffer(7);
    EXPECT_EQ(memory::figures().current - before.current, 56U);
    const Tensor tensor({3, 5, 7});
    EXPECT_EQ(memory::figures().current - before.current, 56U + 420U);
    Arena arena;
    arena.reserve(1000);
    arena.reserve(10);  // enough is there
    EXPECT_EQ(memory::figures().current - before.current, 56U + 420U + 1000U);
    EXPECT_EQ(memory::figures().allocations - before.allocations, 3U);
    EXPECT_EQ(AlignedBuffer<float>(0).size(), 0U);  // no memory, no allocation
    EXPECT_EQ(memory::figures().allocations - before.allocations, 3U);
  }
  EXPECT_EQ(memory::figures().current, before.current);
}

TEST(Memory, FollowsABufferThatMoves) {
  const std::size_t before = memory::figures().current;
  AlignedBuffer<float> first(100);
  AlignedBuffer<float> second(std::move(first));
  EXPECT_EQ(first.size(), 0U);  // NOLINT: what is left of it is the question
  EXPECT_EQ(second.size(), 100U);
  EXPECT_EQ(memory::figures().current - before, 400U);
  second = AlignedBuffer<float>(10);
  EXPECT_EQ(memory::figures().current - before, 40U);
  second = {};
  EXPECT_EQ(memory::figures().current, before);
}

TEST(Memory, ThePeakStaysUntilItIsReset) {
  memory::reset_peak();
  const std::size_t before = memory::figures().current;
  { const AlignedBuffer<char> most(5000); }
  const AlignedBuffer<char> less(1000);
  EXPECT_EQ(memory::figures().peak - before, 5000U);
  EXPECT_EQ(memory::figures().current - before, 1000U);
  memory::reset_peak();
  EXPECT_EQ(memory::figures().peak - before, 1000U);
}

TEST(Memory, TellsItsListenerInOrder) {
  std::vector<std::ptrdiff_t> heard;
  {
    Recorder recorder;
    {
      const AlignedBuffer<char> outer(300);
      const AlignedBuffer<char> inner(20);
    }
    heard = recorder.events;
    EXPECT_FALSE(memory::start_listening(recorder));  // one at a time
    EXPECT_TRUE(recorder.consistent);
  }
  EXPECT_EQ(heard, (std::vector<std::ptrdiff_t>{300, 20, -20, -300}));
  const AlignedBuffer<char> unheard(10);  // a destroyed listener would crash here, under the sanitizer at the latest
}

TEST(Memory, RefusesWhatNoAddressCanHold) {
  const std::size_t before = memory::figures().current;
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
  EXPECT_THROW(memory::allocate(kMost / 4 + 2, 4), std::bad_alloc);  // wraps to 4 bytes
  EXPECT_THROW(memory::allocate(kMost / 8 + 1, 4), std::bad_alloc);
  EXPECT_EQ(memory::figures().current, before);
}

TEST(Memory, IsExactWithThreads) {
#if defined(__EMSCRIPTEN__) && !defined(__EMSCRIPTEN_PTHREADS__)
  GTEST_SKIP() << "this build has no threads";
#else
  constexpr int kThreads = 4, kRounds = 500;
  for (const bool heard : {false, true}) {
    const memory::Figures before = memory::figures();
    std::vector<AlignedBuffer<char> > kept(kThreads);
    {
      Recorder* recorder = heard ? new Recorder : nullptr;
      std::vector<std::thread> threads;
      for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&kept, t] {
          for (int round = 1; round <= kRounds; ++round) {
            kept[static_cast<std::size_t>(t)] = AlignedBuffer<char>(static_cast<std::size_t>(round * (t + 1)));
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
      if (recorder != nullptr) {
        EXPECT_TRUE(recorder->consistent);
        EXPECT_EQ(recorder->events.size(), 2U * kThreads * kRounds - kThreads);
        EXPECT_EQ(recorder->sum, kRounds * (1 + 2 + 3 + 4));
      }
      delete recorder;
    }
    EXPECT_EQ(memory::figures().current - before.current, kRounds * (1U + 2U + 3U + 4U));
    EXPECT_EQ(memory::figures().allocations - before.allocations, kThreads * kRounds + 0U);
  }
#endif
}

}  // namespace
}  // namespace optlab
