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
      : object_(const_cast<void*>(static_cast<const void*>(&callable))), call_([](void* object, Args... args) -> Result {
          return (*static_cast<std::remove_reference_t<F>*>(object))(args...);
        }) {}
  Result operator()(Args... args) const { return call_(object_, args...); }

 private:
  void* object_;
  Result (*call_)(void*, Args...);
};

/// The threads this build can run: 1 in a WebAssembly build without threads, else the number of logical processors.
int hardware_threads();

/// Workers that wait for work: they spin for a short while (a following loop starts within about a microsecond), then sleep, so that an
/// idle pool costs nothing. The caller is worker 0 and works too. A pool of one thread, or a build without threads, runs everything in
/// the caller: the results are the same, since work is divided by index and never by arrival.
///
/// One caller at a time; a call from inside a task runs serially in that task.
class ThreadPool {
 public:
  /// Throws std::invalid_argument if `threads` is below 1 or above 256. If the platform refuses to start a thread, the pool has fewer.
  explicit ThreadPool(int threads = hardware_threads());
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;

  /// Calls task(worker) once for every worker 0..workers-1 (`workers` is capped to threads()), returns when all have returned. `task`
  /// must not throw.
  void run(int workers, FunctionRef<void(int worker)> task) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A half-open range of indices.
struct Range {
  int begin;
  int end;
  int size() const { return end - begin; }
};

/// The part of [0, count) that belongs to `part` of `parts`: contiguous, in multiples of `grain` (but for the last), sizes differing by
/// at most one grain.
Range partition(int count, int parts, int part, int grain = 1);

}  // namespace optlab::parallel
