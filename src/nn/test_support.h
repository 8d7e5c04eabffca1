#pragma once

#include <string>
#include <vector>

#include "core/test_support.h"
#include "gemm/gemm.h"
#include "nn/linear.h"

/// For the tests of this folder.
namespace optlab::nn {

/// A pool, scratch memory and a variant together.
struct TestCompute {
  explicit TestCompute(const char* name = nullptr, int threads = 1)
      : pool(threads), context{pool, scratch}, compute{name == nullptr ? nullptr : &gemm::variant(name), context} {}
  TestCompute(const gemm::Variant& variant, int threads) : TestCompute(nullptr, threads) { compute.variant = &variant; }

  parallel::ThreadPool pool;
  Arena scratch;
  gemm::Context context;
  Compute compute;
};

}  // namespace optlab::nn
