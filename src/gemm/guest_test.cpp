#include "gemm/guest.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "core/rng.h"

namespace optlab::gemm {
namespace {

int calls = 0;

void definition(const float* a, const float* b, float* c, int M, int K, int N) {
  ++calls;
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) {
      float sum = 0;
      for (int k = 0; k < K; ++k) sum += a[i * K + k] * b[k * N + j];
      c[i * N + j] = sum;
    }
  }
}

class GuestTest : public testing::Test {
 protected:
  void SetUp() override { calls = 0; }
  void TearDown() override { guest_matmul.install(nullptr); }

  parallel::ThreadPool pool_{1};
  Arena scratch_;
  Context context_{pool_, scratch_};
};

TEST_F(GuestTest, IsARungOnlyWhileItIsThere) {
  EXPECT_THROW(variant("yours"), std::invalid_argument);
  guest_matmul.install(definition);
  EXPECT_EQ(variant("yours").mode, Mode::kFast);
  guest_matmul.install(nullptr);
  EXPECT_THROW(variant("yours"), std::invalid_argument);
}

TEST_F(GuestTest, TheDispatcherNeverTakesIt) {
  guest_matmul.install(definition);
  for (const Mode mode : {Mode::kExact, Mode::kFast}) EXPECT_NE(best(mode, 8, 8, 8, 1).name, "yours");
}

TEST_F(GuestTest, GivesTheReferencesBitsForAnyStridesBiasAndActivation) {
  constexpr int M = 5, K = 7, N = 6, kGap = 3;
  std::vector<float> a(K * (M + kGap)), b(K * (N + kGap)), bias(N);
  Rng(1, 0).fill_uniform(a, -1.0F, 1.0F);
  Rng(1, 1).fill_uniform(b, -1.0F, 1.0F);
  Rng(1, 2).fill_uniform(bias, -1.0F, 1.0F);
  std::vector<float> want(M * (N + kGap), -7.0F), got = want;
  guest_matmul.install(definition);
  // A transposed, B and C with gaps between their rows.
  const ConstMatrixView a_view = ConstMatrixView{a.data(), K, M, M + kGap, 1}.transposed();
  const ConstMatrixView b_view{b.data(), K, N, N + kGap, 1};
  for (const Activation activation : {Activation::kNone, Activation::kRelu}) {
    const Epilogue epilogue{bias.data(), activation};
    multiply(variants().front(), {a_view, b_view, {want.data(), M, N, N + kGap, 1}, epilogue}, context_);
    multiply(variant("yours"), {a_view, b_view, {got.data(), M, N, N + kGap, 1}, epilogue}, context_);
    EXPECT_EQ(got, want);
  }
  EXPECT_EQ(calls, 2);
}

TEST_F(GuestTest, IsCalledForEmptyProductsToo) {
  std::vector<float> c(6, -7.0F);
  guest_matmul.install(definition);
  multiply(variant("yours"), {{nullptr, 2, 0, 0, 1}, {nullptr, 0, 3, 3, 1}, {c.data(), 2, 3, 3, 1}}, context_);
  EXPECT_EQ(c, std::vector<float>(6, 0.0F));
}

}  // namespace
}  // namespace optlab::gemm
