#include "parallel/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include "core/buffer.h"
#include "core/error.h"

namespace optlab::parallel {
namespace {

#if defined(__EMSCRIPTEN__) && !defined(__EMSCRIPTEN_PTHREADS__)
constexpr bool kHasThreads = false;
#else
constexpr bool kHasThreads = true;
#endif

// Longer than the gaps between the loops of one GEMM, shorter than anybody's patience or a scheduler's time slice.
constexpr std::chrono::microseconds kSpinTime{40};
constexpr int kPollsPerClockRead = 32;

/// Tells the core that this is a spin loop, so that its sibling thread gets the execution units. WebAssembly has no
/// such hint.
void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Polls `done` for kSpinTime. True once it holds.
template <class Done>
bool spin_until(Done done) {
  const auto deadline = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < kPollsPerClockRead; ++i) {
      if (done()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  return false;
}

/// A place to sleep on a condition that one other thread makes true. The sleeper announces itself, then looks at the
/// condition; the waker makes the condition true, then looks for a sleeper. All four are sequentially consistent, so at
/// least one sees the other. The two that write are exchanges, which cost what such stores cost: qemu's AArch64 on x86
/// lets a load overtake a plain one (STLR, then LDAR), and then neither may see the other.
class alignas(kCacheLine) Bed {
 public:
  /// `done` must read its condition with memory_order_seq_cst; whoever makes it true, by a read-modify-write of that
  /// order, calls wake() next.
  template <class Done>
  void sleep_until(Done done) {
    std::unique_lock lock(mutex_);
    asleep_.exchange(true, std::memory_order_seq_cst);
    condition_.wait(lock, done);
    asleep_.store(false, std::memory_order_relaxed);
  }

  void wake() {
    if (!asleep_.load(std::memory_order_seq_cst)) return;
    // Whoever holds this lock is past its look at the condition and inside wait(), or has not looked yet.
    { std::lock_guard lock(mutex_); }
    condition_.notify_one();
  }

  bool occupied() const { return asleep_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> asleep_{false};
  std::mutex mutex_;
  std::condition_variable condition_;
};

/// What a worker sees of a run: its number and how many workers take part, in one word, so that a worker which does not
/// take part reads nothing else and needn't be waited for.
struct Ticket {
  std::uint64_t word;
  int workers() const { return static_cast<int>(word % kRuns); }
  Ticket next(int workers) const { return {(word / kRuns + 1) * kRuns + static_cast<std::uint64_t>(workers)}; }

  static constexpr std::uint64_t kRuns = 512;
  static_assert(kRuns > ThreadPool::kMaxThreads);
};

void check_threads(int threads) {
  if (threads >= 1 && threads <= ThreadPool::kMaxThreads) return;
  throw_invalid({"ThreadPool: ", threads, " threads; 1 to ", ThreadPool::kMaxThreads, " are allowed"});
}

}  // namespace

int hardware_threads() {
  if constexpr (!kHasThreads) return 1;
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, ThreadPool::kMaxThreads);
}

struct ThreadPool::State {
  struct Worker {
    Bed bed;
    std::thread thread;
  };

  // Written by the caller of run() before it publishes the ticket; read by those who take part.
  const FunctionRef<void(int)>* task = nullptr;
  int threads = 1;
  std::deque<Worker> workers;  // worker 1, 2, …; a deque doesn't move its elements when it grows
  Bed caller_bed;
  std::atomic<bool> busy{false};
  std::atomic<bool> stop{false};
  std::atomic<bool> spin{false};
  std::atomic<std::uint32_t> nudges{0};  // how often sleepers were roused without work
  alignas(kCacheLine) std::atomic<std::uint64_t> ticket{0};
  alignas(kCacheLine) std::atomic<int> unfinished{0};

  void work(int index, Bed& bed, std::uint64_t seen) {
    // A run it takes part in can't end without this worker, so it never misses one.
    const auto called = [&] {
      const Ticket now{ticket.load(std::memory_order_seq_cst)};
      return (now.word != seen && index < now.workers()) || stop.load(std::memory_order_seq_cst);
    };
    while (true) {
      const std::uint32_t nudged = nudges.load(std::memory_order_relaxed);
      if (!spin.load(std::memory_order_relaxed) || !spin_until(called)) {
        bed.sleep_until([&] { return called() || nudges.load(std::memory_order_seq_cst) != nudged; });
        if (!called()) continue;
      }
      if (stop.load(std::memory_order_seq_cst)) return;
      seen = ticket.load(std::memory_order_acquire);
      (*task)(index);
      if (unfinished.fetch_sub(1, std::memory_order_seq_cst) == 1) caller_bed.wake();
    }
  }

  /// False if the platform refuses.
  bool start_worker() {
    const int index = static_cast<int>(workers.size()) + 1;
    Worker& worker = workers.emplace_back();
    try {
      worker.thread = std::thread(
          [this, index, &worker, seen = ticket.load(std::memory_order_relaxed)] { work(index, worker.bed, seen); });
    } catch (const std::system_error&) {
      workers.pop_back();
      return false;
    }
    return true;
  }

  void run_parallel(int count, const FunctionRef<void(int)>& callable) {
    task = &callable;
    unfinished.store(count - 1, std::memory_order_relaxed);
    const Ticket last{ticket.load(std::memory_order_relaxed)};
    ticket.exchange(last.next(count).word, std::memory_order_seq_cst);
    for (int i = 1; i < count; ++i) workers[static_cast<std::size_t>(i) - 1].bed.wake();
    callable(0);
    const auto finished = [&] { return unfinished.load(std::memory_order_seq_cst) == 0; };
    if (finished()) return;
    if (!spin.load(std::memory_order_relaxed) || !spin_until(finished)) caller_bed.sleep_until(finished);
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) { resize(threads); }

ThreadPool::~ThreadPool() {
  state_->stop.exchange(true, std::memory_order_seq_cst);
  for (State::Worker& worker : state_->workers) worker.bed.wake();
  for (State::Worker& worker : state_->workers) worker.thread.join();
}

int ThreadPool::threads() const { return state_->threads; }

int ThreadPool::resize(int threads) {
  check_threads(threads);
  State& state = *state_;
  // More threads than processors: a spinning one would keep a working one from running.
  state.spin.store(threads <= hardware_threads(), std::memory_order_relaxed);
  if constexpr (kHasThreads) {
    while (static_cast<int>(state.workers.size()) + 1 < threads && state.start_worker()) {
    }
  }
  state.threads = std::min(threads, static_cast<int>(state.workers.size()) + 1);
  return state.threads;
}

void ThreadPool::run(int workers, FunctionRef<void(int worker)> task) noexcept {
  State& state = *state_;
  workers = std::min(workers, state.threads);
  if (state.busy.exchange(true, std::memory_order_acquire)) {
    for (int worker = 0; worker < workers; ++worker) task(worker);
    return;
  }
  if (workers > 1) {
    state.run_parallel(workers, task);
  } else if (workers == 1) {
    task(0);
  }
  state.busy.store(false, std::memory_order_release);
}

bool ThreadPool::awake(int workers) const noexcept {
  const auto others = static_cast<std::size_t>(std::clamp(workers, 1, state_->threads) - 1);
  return std::none_of(state_->workers.begin(), state_->workers.begin() + static_cast<std::ptrdiff_t>(others),
                      [](const State::Worker& worker) { return worker.bed.occupied(); });
}

void ThreadPool::rouse(int workers) noexcept {
  if (!state_->spin.load(std::memory_order_relaxed)) return;
  const auto others = static_cast<std::size_t>(std::clamp(workers, 1, state_->threads) - 1);
  state_->nudges.fetch_add(1, std::memory_order_seq_cst);
  for (std::size_t i = 0; i < others; ++i) state_->workers[i].bed.wake();
}

// Measured on a 2-core Xeon: starting workers that still spin takes 0.8 µs, waking one that sleeps 95 µs. So work that is
// shorter is begun alone, and wakes the workers for the next. Longer work must not do that: by its end they would be
// asleep again, and no chain of calls would ever run on all cores.
int useful_workers(ThreadPool& pool, int most, double seconds) noexcept {
  constexpr double kSecondsPerWorker = 2.5e-6;
  constexpr double kSecondsWorthWaking = 60e-6;
  most = std::min(most, pool.threads());
  const int workers = static_cast<int>(std::clamp(seconds / kSecondsPerWorker, 1.0, static_cast<double>(most)));
  if (workers == 1 || seconds >= kSecondsWorthWaking || pool.awake(workers)) return workers;
  pool.rouse(workers);
  return 1;
}

Range partition(int count, int parts, int part, int grain) {
  if (count < 0 || parts < 1 || part < 0 || part >= parts || grain < 1) {
    throw_invalid({"partition: count ", count, ", part ", part, " of ", parts, ", grain ", grain,
                   "; want count >= 0, 0 <= part < parts, grain >= 1"});
  }
  const std::int64_t grains = (std::int64_t{count} + grain - 1) / grain;
  const std::int64_t base = grains / parts;
  const std::int64_t extra = grains % parts;
  // The last grain may be short, so a part with one grain more goes to the end, or two parts could differ by nearly
  // two. With less than a grain for each, the first parts get them: worker 0 is the caller and needs no waking.
  const std::int64_t first_extra = base == 0 ? 0 : parts - extra;
  const auto begin = [&](std::int64_t p) {
    const std::int64_t grains_before = p * base + std::clamp<std::int64_t>(p - first_extra, 0, extra);
    return static_cast<int>(std::min<std::int64_t>(grains_before * grain, count));
  };
  return {begin(part), begin(part + 1)};
}

}  // namespace optlab::parallel
