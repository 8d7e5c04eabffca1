#pragma once

#include <algorithm>

#include "parallel/thread_pool.h"

namespace optlab::attention::detail {

/// How many of `threads` workers `flops` are worth; the thresholds are gemm's, measured there: work shorter than it
/// takes to wake a sleeper is begun alone, and wakes the workers for the next call.
inline int useful_workers(double flops, int threads, parallel::ThreadPool& pool) noexcept {
  constexpr double kFlopsPerWorker = 1e5;
  constexpr double kFlopsWorthWaking = 1e7;
  const int most = std::min(threads, pool.threads());
  const int workers = static_cast<int>(std::clamp(flops / kFlopsPerWorker, 1.0, static_cast<double>(most)));
  if (workers == 1 || flops >= kFlopsWorthWaking || pool.awake(workers)) return workers;
  pool.rouse(workers);
  return 1;
}

}  // namespace optlab::attention::detail
