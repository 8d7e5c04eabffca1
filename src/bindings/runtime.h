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

}  // namespace optlab::bindings
