// FlopCounter against the arithmetic of a linear layer, counted operation by operation.
#include <gtest/gtest.h>

#include <vector>

#include "core/test_support.h"
#include "gemm/gemm.h"
#include "profile/counted.h"
#include "profile/flop_counter.h"

namespace optlab::gemm {
namespace {

using profile::CountedOperand;
using profile::Work;

/// y = x·W + b, for floats or for numbers that count; `bias` may be null.
template <class Number, class Operand>
std::vector<Number> linear(const Operand& x, const Operand& weight, const Operand* bias, int M, int K, int N) {
  std::vector<Number> y;
  for (int m = 0; m < M; ++m) {
    for (int n = 0; n < N; ++n) {
      Number sum = 0.0F;
      for (int k = 0; k < K; ++k) sum += x[m * K + k] * weight[k * N + n];
      if (bias != nullptr) sum += (*bias)[n];
      y.push_back(sum);
    }
  }
  return y;
}

TEST(GemmWork, IsWhatTheLoopsOfALinearLayerPerform) {
  parallel::ThreadPool pool(1);
  Arena scratch;
  Context context{pool, scratch};
  const int shapes[][3] = {{1, 1, 1}, {0, 3, 4}, {3, 0, 4}, {1, 300, 7}, {13, 31, 17}, {7, 64, 33}};
  for (const auto& [M, K, N] : shapes) {
    for (const bool with_bias : {false, true}) {
      const std::vector<float> x = random_values(M * K, 1), w = random_values(K * N, 2), b = random_values(N, 3);
      // That these loops are the layer: in floats they give the bits of the library's product.
      std::vector<float> y(static_cast<std::size_t>(M) * N);
      multiply(best(Mode::kExact, M, N, K, 1),
               {matrix_view(x, M, K),
                matrix_view(w, K, N),
                matrix_view(y, M, N),
                {with_bias ? b.data() : nullptr, Activation::kNone}},
               context);
      EXPECT_EQ(linear<float>(x, w, with_bias ? &b : nullptr, M, K, N), y);

      const CountedOperand counted_x(x), counted_w(w), counted_b(b);
      Work counted = profile::count_operations(
          [&] { linear<profile::Counted>(counted_x, counted_w, with_bias ? &counted_b : nullptr, M, K, N); });
      counted.bytes_read = counted_x.bytes_read() + counted_w.bytes_read() + counted_b.bytes_read();
      counted.bytes_written = 4 * M * N;
      EXPECT_EQ(profile::FlopCounter::linear({M, K, N, with_bias}), counted) << M << "x" << K << "x" << N;
    }
  }
}

}  // namespace
}  // namespace optlab::gemm
