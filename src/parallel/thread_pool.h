#pragma once

#include <concepts>
#include <memory>
#include <type_traits>

namespace optlab::parallel {

/// A non-owning reference to a callable, so that starting work allocates nothing. The callable must outlive the call.
template <class Signature>
class FunctionRef;

template <class Result, class... Args>
class FunctionRef<Result(Args...)> {
 public:
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, FunctionRef>)
      FunctionRef(F&& callable)  // NOLINT: implicit on purpose, as in std::function
      : object_(const_cast<void*>(static_cast<const void*>(&callable))),
        call_([](void* object, Args... args) -> Result {
          return (*static_cast<std::remove_reference_t<F>*>(object))(args...);
        }) {}
  Result operator()(Args... args) const { return call_(object_, args...); }

 private:
  void* object_;
  Result (*call_)(void*, Args...);
};

/// The threads this build can run: 1 in a WebAssembly build without threads, else the number of logical processors.
int hardware_threads();

/// A pool of workers. A worker without work spins for a short while, so that a following loop starts within about a
/// microsecond, then sleeps, so that an idle pool costs nothing. The caller is worker 0 and works too. A pool of one thread, or a build
/// without threads, runs everything in the caller: the results are the same, since work is divided by index and never
/// by arrival.
///
/// A call from inside a task, or from a second thread while the pool is at work, runs serially in its caller.
class ThreadPool {
 public:
  /// Throws std::invalid_argument if `threads` is below 1 or above kMaxThreads. If the platform refuses to start a
  /// thread, the pool has fewer.
  explicit ThreadPool(int threads = hardware_threads());
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  static constexpr int kMaxThreads = 256;

  int threads() const;

  /// Sets threads() to `threads`, or to less if the platform refuses a thread; returns threads(). Surplus workers sleep
  /// instead of ending: in a browser an ended thread can be used again only after a return to the event loop. Must not be
  /// called while run() is at work. Throws std::invalid_argument as the constructor does.
  int resize(int threads);

  /// Calls task(worker) once for every worker 0..workers-1 (`workers` is capped to threads()), returns when all have
  /// returned. `task` must not throw. Allocates nothing; takes a lock only to wake a sleeper or to sleep.
  void run(int workers, FunctionRef<void(int worker)> task) noexcept;

  /// Whether run(workers, …) would begin at once, since none of its workers sleeps. Waking a sleeper takes some 100 µs, so
  /// the caller does shorter work faster alone.
  bool awake(int workers) const noexcept;
  /// Wakes workers 1..workers-1 without work; while they spin, a run begins at once. Does nothing where there are more
  /// threads than processors, since a spinning thread would then delay a working one.
  void rouse(int workers) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The number of workers, at most `most`, that gain time on work that takes one of them `seconds`. Returns 1 and wakes the
/// workers for the next call if they sleep and the work is short.
int useful_workers(ThreadPool& pool, int most, double seconds) noexcept;

/// A half-open range of indices.
struct Range {
  int begin;
  int end;
  int size() const { return end - begin; }
};

/// The part of [0, count) that belongs to `part` of `parts`: contiguous and in order, beginning at multiples of `grain`
/// (an empty part may begin at `count`), sizes differing by at most one grain. Throws std::invalid_argument unless
/// count >= 0, parts >= 1, 0 <= part < parts and grain >= 1.
Range partition(int count, int parts, int part, int grain = 1);

}  // namespace optlab::parallel
