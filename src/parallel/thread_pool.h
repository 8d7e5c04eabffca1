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

/// Workers that wait for work: they spin for a short while (a following loop starts within about a microsecond), then
/// sleep, so that an idle pool costs nothing. The caller is worker 0 and works too. A pool of one thread, or a build
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

  /// Makes threads() equal `threads`, or less if the platform refuses; returns threads(). Workers too many stay asleep
  /// instead of ending: in a browser an ended thread can be used again only after a return to the event loop. Not while
  /// run() is at work. Throws std::invalid_argument as the constructor does.
  int resize(int threads);

  /// Calls task(worker) once for every worker 0..workers-1 (`workers` is capped to threads()), returns when all have
  /// returned. `task` must not throw. Allocates nothing; takes a lock only to wake a sleeper or to sleep.
  void run(int workers, FunctionRef<void(int worker)> task) noexcept;

  /// Whether run(workers, …) would begin at once: nobody it needs is asleep. Waking a sleeper takes some 100 µs, so work
  /// shorter than that is better done alone meanwhile.
  bool awake(int workers) const noexcept;
  /// Wakes workers 1..workers-1 without work: for as long as they spin, a run begins at once. Nothing where spinning
  /// would keep a working thread from its processor.
  void rouse(int workers) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// How many workers, `most` at most, are worth running on something that takes one of them `seconds`. If they sleep and it
/// is short, that is 1, and they are woken for what comes next.
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
