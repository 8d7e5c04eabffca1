#pragma once

#include <gtest/gtest.h>

#include "core/arena.h"
#include "parallel/thread_pool.h"

namespace optlab::parallel {

/// A test whose parameter is the number of threads, with the `Context` of a family of kernels.
template <class Context>
class OnThreads : public testing::TestWithParam<int> {
 protected:
  ThreadPool pool{this->GetParam()};
  Arena scratch;
  Context context{pool, scratch};
};

/// The same for tests in which it doesn't matter.
template <class Context>
class OnTwoThreads : public testing::Test {
 protected:
  ThreadPool pool{2};
  Arena scratch;
  Context context{pool, scratch};
};

}  // namespace optlab::parallel
