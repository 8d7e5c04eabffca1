#pragma once

#include "parallel/thread_pool.h"

namespace optlab::attention::detail {

/// How many of `threads` workers `flops` are worth.
inline int useful_workers(double flops, int threads, parallel::ThreadPool& pool) noexcept {
  constexpr double kFlopsPerSecond = 4e10;
  return parallel::useful_workers(pool, threads, flops / kFlopsPerSecond);
}

}  // namespace optlab::attention::detail
