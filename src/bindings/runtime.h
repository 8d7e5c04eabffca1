#pragma once

#include "core/arena.h"
#include "gemm/gemm.h"
#include "parallel/thread_pool.h"

namespace optlab::bindings {

/// The threads and scratch memory that the exported functions share; JavaScript calls them from one thread.
struct Runtime {
  parallel::ThreadPool pool{1};
  Arena scratch;
  gemm::Blocking blocking;

  gemm::Context context() { return {pool, scratch, blocking}; }
};

Runtime& runtime();

/// As JavaScript sees a blocking.
struct BlockingValue {
  int depth = 0;
  int rows = 0;
  int columns = 0;
};
inline BlockingValue to_value(const gemm::Blocking& b) { return {b.depth, b.rows, b.columns}; }

}  // namespace optlab::bindings
