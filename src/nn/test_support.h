#pragma once

#include <gtest/gtest.h>

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

#define EXPECT_MESSAGE(Error, statement, part)                                                            \
  do {                                                                                                    \
    const std::string message = ::optlab::message_of<Error>([&] { static_cast<void>(statement); });       \
    EXPECT_NE(message.find(part), std::string::npos) << "message: " << message << "\nwanted: " << (part); \
    EXPECT_EQ(message.find('\n'), std::string::npos) << "more than one line: " << message;                \
  } while (false)

}  // namespace optlab::nn
