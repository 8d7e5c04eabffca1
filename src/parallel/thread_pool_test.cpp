#include "parallel/thread_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

namespace optlab::parallel {
namespace {

// A build without threads gets pools of one and must give the same results.
bool has_threads() { return ThreadPool(2).threads() == 2; }

TEST(ThreadPool, EveryWorkerRunsExactlyOnceInEveryRun) {
  for (int threads = 1; threads <= 8; ++threads) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), has_threads() ? threads : 1);
    std::vector<int> calls(8, 0);  // plain ints: each is one worker's alone, and run() must publish them to the caller
    constexpr int kRuns = 2000;
    for (int run = 0; run < kRuns; ++run) {
      pool.run(pool.threads(), [&](int worker) { ++calls[static_cast<std::size_t>(worker)]; });
    }
    for (int worker = 0; worker < 8; ++worker) {
      EXPECT_EQ(calls[static_cast<std::size_t>(worker)], worker < pool.threads() ? kRuns : 0) << threads << " threads";
    }
  }
}

TEST(ThreadPool, EveryIndexIsVisitedExactlyOnce) {
  constexpr int kCount = 1003;
  for (int threads = 1; threads <= 8; ++threads) {
    ThreadPool pool(threads);
    std::vector<int> visits(kCount, 0);
    constexpr int kRuns = 300;
    for (int run = 0; run < kRuns; ++run) {
      const int workers = 1 + run % pool.threads();  // changing numbers: some workers sit out and join again
      pool.run(workers, [&](int worker) {
        const Range range = partition(kCount, workers, worker, 4);
        for (int i = range.begin; i < range.end; ++i) ++visits[static_cast<std::size_t>(i)];
      });
    }
    EXPECT_EQ(std::count(visits.begin(), visits.end(), kRuns), kCount) << threads << " threads";
  }
}

// The caller gives up spinning and lies down just as the worker gets up to wake it. A wake-up that is lost hangs this
// test: with stores instead of exchanges it did so under qemu two times in three.
TEST(ThreadPool, NoWakeUpIsLostWhileTheCallerGoesToSleep) {
  if (hardware_threads() < 2) GTEST_SKIP() << "nobody spins on a single processor";
  ThreadPool pool(2);
  constexpr int kRuns = 20000;
  int runs = 0;
  for (int run = 0; run < kRuns; ++run) {
    pool.run(2, [&](int worker) {
      if (worker == 0) return;
      ++runs;
      const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds(30'000 + run * 37 % 20'000);
      while (std::chrono::steady_clock::now() < end) {
      }
    });
  }
  EXPECT_EQ(runs, kRuns);
}

TEST(ThreadPool, RousedWorkersAreAwakeForAWhileAndRunAsEver) {
  if (hardware_threads() < 2) GTEST_SKIP() << "spinning would keep others from the only processor";
  ThreadPool pool(2);
  const auto until = [&](bool awake) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (pool.awake(2) != awake && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return pool.awake(2) == awake;
  };
  EXPECT_TRUE(pool.awake(1));
  EXPECT_TRUE(until(false));  // nothing to do: it goes to sleep
  // It may have its 40 µs while this thread waits for a processor, so as many tries as it takes.
  bool seen_awake = false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!seen_awake && std::chrono::steady_clock::now() < deadline) {
    pool.rouse(2);
    for (int poll = 0; poll < 1000 && !seen_awake; ++poll) seen_awake = pool.awake(2);
  }
  EXPECT_TRUE(seen_awake);
  EXPECT_TRUE(until(false));
  int calls = 0;
  for (int i = 0; i < 1000; ++i) {
    pool.rouse(2);
    pool.run(2, [&](int worker) {
      if (worker == 1) ++calls;  // its own variable, which run() publishes
    });
  }
  EXPECT_EQ(calls, 1000);
}

TEST(ThreadPool, WorkersAreDifferentThreads) {
  if (!has_threads()) GTEST_SKIP() << "this build has no threads";
  ThreadPool pool(3);
  std::vector<std::thread::id> ids(3);
  pool.run(3, [&](int worker) { ids[static_cast<std::size_t>(worker)] = std::this_thread::get_id(); });
  EXPECT_EQ(ids[0], std::this_thread::get_id());
  EXPECT_NE(ids[0], ids[1]);
  EXPECT_NE(ids[1], ids[2]);
  EXPECT_NE(ids[0], ids[2]);
}

TEST(ThreadPool, WakesSleepersAndWaitsForSlowWorkers) {
  ThreadPool pool(2);
  int total = 0;
  for (int run = 0; run < 20; ++run) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // longer than workers spin
    std::vector<int> done(2, 0);
    pool.run(pool.threads(), [&](int worker) {
      if (worker == 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // longer than the caller spins
      done[static_cast<std::size_t>(worker)] = 1;
    });
    total += done[0] + done[1];
  }
  EXPECT_EQ(total, 20 * pool.threads());
}

TEST(ThreadPool, ANestedRunIsSerialInItsTask) {
  ThreadPool pool(4);
  const int threads = pool.threads();
  std::atomic<int> inner_calls{0};
  std::atomic<int> elsewhere{0};
  pool.run(threads, [&](int) {
    const auto self = std::this_thread::get_id();
    pool.run(threads, [&](int) {
      ++inner_calls;
      if (std::this_thread::get_id() != self) ++elsewhere;
    });
  });
  EXPECT_EQ(inner_calls, threads * threads);
  EXPECT_EQ(elsewhere, 0);
}

TEST(ThreadPool, TwoCallersAtOnceBothFinish) {
  if (!has_threads()) GTEST_SKIP() << "this build has no threads";
  ThreadPool pool(3);
  std::atomic<int> calls{0};
  const auto call = [&] {
    for (int run = 0; run < 500; ++run) pool.run(3, [&](int) { ++calls; });
  };
  std::thread other(call);
  call();
  other.join();
  EXPECT_EQ(calls, 2 * 500 * 3);
}

TEST(ThreadPool, CapsTheWorkersAndIgnoresNone) {
  ThreadPool pool(2);
  std::atomic<int> calls{0};
  pool.run(100, [&](int) { ++calls; });
  EXPECT_EQ(calls, pool.threads());
  pool.run(0, [&](int) { ++calls; });
  pool.run(-1, [&](int) { ++calls; });
  EXPECT_EQ(calls, pool.threads());
}

TEST(ThreadPool, WorksWithMoreThreadsThanProcessors) {
  // WebAssembly tests start eight workers beforehand; more would wait for the page's event loop.
#if defined(__EMSCRIPTEN__)
  ThreadPool pool(7);
#else
  ThreadPool pool(hardware_threads() + 6);
#endif
  std::atomic<int> calls{0};
  for (int run = 0; run < 500; ++run) pool.run(pool.threads(), [&](int) { ++calls; });
  EXPECT_EQ(calls, 500 * pool.threads());
}

TEST(ThreadPool, CanBeMadeAndDestroyedOften) {
  std::atomic<int> calls{0};
  int expected = 0;
  for (int i = 0; i < 200; ++i) {
    ThreadPool pool(1 + i % 4);
    if (i % 3 == 0) continue;  // never used
    pool.run(pool.threads(), [&](int) { ++calls; });
    expected += pool.threads();
  }
  EXPECT_EQ(calls, expected);
}

TEST(ThreadPool, ResizesBothWays) {
  ThreadPool pool(1);
  for (int threads : {3, 1, 2, 4, 2}) {
    const int got = pool.resize(threads);
    EXPECT_EQ(got, has_threads() ? threads : 1);
    EXPECT_EQ(pool.threads(), got);
    std::vector<int> calls(4, 0);
    for (int run = 0; run < 100; ++run) pool.run(4, [&](int worker) { ++calls[static_cast<std::size_t>(worker)]; });
    EXPECT_EQ(std::count(calls.begin(), calls.end(), 100), got);
  }
}

TEST(ThreadPool, RefusesImpossibleSizes) {
  EXPECT_THROW(ThreadPool(0), std::invalid_argument);
  EXPECT_THROW(ThreadPool(-3), std::invalid_argument);
  EXPECT_THROW(ThreadPool(ThreadPool::kMaxThreads + 1), std::invalid_argument);
  ThreadPool pool(1);
  EXPECT_THROW(pool.resize(0), std::invalid_argument);
  EXPECT_EQ(pool.threads(), 1);
}

// Emscripten's clock() is wall time.
#if !defined(__EMSCRIPTEN__)
TEST(ThreadPool, AnIdlePoolUsesNoProcessorTime) {
  ThreadPool pool(hardware_threads());
  pool.run(pool.threads(), [](int) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const std::clock_t before = std::clock();  // of all threads of the process
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const double used = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  EXPECT_LT(used, 0.020);
}
#endif

TEST(Partition, CoversInOrderEvenlyAtMultiplesOfTheGrain) {
  for (int count : {0, 1, 2, 3, 7, 8, 9, 31, 64, 97, 1000}) {
    for (int parts : {1, 2, 3, 4, 7, 16}) {
      for (int grain : {1, 2, 4, 6, 64}) {
        int next = 0;
        int smallest = std::numeric_limits<int>::max();
        int largest = 0;
        for (int part = 0; part < parts; ++part) {
          const Range range = partition(count, parts, part, grain);
          ASSERT_EQ(range.begin, next);
          ASSERT_LE(range.begin, range.end);
          ASSERT_TRUE(range.begin % grain == 0 || range.begin == count);
          next = range.end;
          smallest = std::min(smallest, range.size());
          largest = std::max(largest, range.size());
        }
        ASSERT_EQ(next, count);
        EXPECT_LE(largest - smallest, grain) << count << " in " << parts << " by " << grain;
      }
    }
  }
}

TEST(Partition, SurvivesTheLargestCounts) {
  constexpr int kMost = std::numeric_limits<int>::max();
  EXPECT_EQ(partition(kMost, 256, 255, 64).end, kMost);
  EXPECT_EQ(partition(kMost, 1, 0, kMost).size(), kMost);
  EXPECT_EQ(partition(1, 4, 0).size(), 1);  // the caller's part comes first
}

TEST(Partition, RefusesWhatMakesNoSense) {
  EXPECT_THROW(partition(-1, 1, 0), std::invalid_argument);
  EXPECT_THROW(partition(1, 0, 0), std::invalid_argument);
  EXPECT_THROW(partition(1, 2, 2), std::invalid_argument);
  EXPECT_THROW(partition(1, 2, -1), std::invalid_argument);
  EXPECT_THROW(partition(1, 1, 0, 0), std::invalid_argument);
}

}  // namespace
}  // namespace optlab::parallel
