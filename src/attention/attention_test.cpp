#include "attention/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "attention/test_support.h"
#include "core/test_support.h"
#include "parallel/test_support.h"

namespace optlab::attention {
namespace {

using gemm::Mode;

using Attention = parallel::OnTwoThreads<Context>;

TEST_F(Attention, ReferenceMatchesTheEquation) {
  constexpr Dimensions d{9, 14, 4, 2, 6};
  const Case data(d, false);
  Problem problem = data.problem;
  problem.causal = true;
  problem.first_query = 4;
  const std::vector<float> got = data.run(variants().front(), context, problem);
  for (int t = 0; t < d.T; ++t) {
    for (int h = 0; h < d.H; ++h) {
      double sum = 0;
      std::vector<double> want(d.D);
      for (int s = 0; s <= 4 + t; ++s) {
        double score = 0;
        for (int i = 0; i < d.D; ++i) score += double{problem.q.at(t, h)[i]} * problem.k.at(s, h / 2)[i];
        const double p = std::exp(score / std::sqrt(6.0));
        sum += p;
        for (int i = 0; i < d.D; ++i) want[i] += p * problem.v.at(s, h / 2)[i];
      }
      for (int i = 0; i < d.D; ++i) EXPECT_NEAR(got[(t * d.H + h) * d.D + i], want[i] / sum, 2e-6);
    }
  }
}

TEST_F(Attention, ANumberWorkedOutByHand) {
  // Two keys with equal scores: the mean of their values. One key: its value.
  const std::vector<float> q{3, 5}, k{1, 2, 1, 2}, v{10, 20, 30, 60};
  std::vector<float> out(2);
  for (const Variant& variant : supported(variants())) {
    Problem problem{.q = heads_view(q.data(), 1, 1, 2),
                    .k = heads_view(k.data(), 2, 1, 2),
                    .v = heads_view(v.data(), 2, 1, 2),
                    .out = heads_view(out.data(), 1, 1, 2)};
    attend(variant, problem, context);
    EXPECT_EQ(out, (std::vector<float>{20, 40})) << variant.name;
    problem.causal = true;
    attend(variant, problem, context);
    EXPECT_EQ(out, (std::vector<float>{10, 20})) << variant.name;
    EXPECT_EQ(flops(problem), 8.0);
  }
}

TEST_F(Attention, WhatAQueryDoesNotSeeCannotHurtIt) {
  constexpr Dimensions d{40, 40, 2, 1, 19};
  Case data(d, false);
  Problem problem = data.problem;
  problem.causal = true;
  for (const Variant& variant : supported(variants())) {
    const std::vector<float> want = data.run(variant, context, problem);
    const float kept[] = {data.v.view.at(33, 0)[2], data.k.view.at(35, 0)[1], data.q.view.at(20, 1)[0]};
    data.v.view.at(33, 0)[2] = std::numeric_limits<float>::infinity();
    data.k.view.at(35, 0)[1] = std::numeric_limits<float>::quiet_NaN();
    data.q.view.at(20, 1)[0] = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> got = data.run(variant, context, problem);
    data.v.view.at(33, 0)[2] = kept[0];
    data.k.view.at(35, 0)[1] = kept[1];
    data.q.view.at(20, 1)[0] = kept[2];
    for (int i = 0; i < static_cast<int>(got.size()); ++i) {
      const int t = i / (d.H * d.D), h = i / d.D % d.H;
      if (t >= 35 || (t == 20 && h == 1)) {
        EXPECT_TRUE(std::isnan(got[i])) << variant.name << " " << i;
      } else if (t >= 33 && i % d.D == 2) {
        EXPECT_TRUE(std::isinf(got[i])) << variant.name << " " << i;
      } else {
        ASSERT_EQ(got[i], want[i]) << variant.name << " " << i;
      }
    }
  }
}

TEST_F(Attention, LargeScoresDoNotOverflow) {
  constexpr Dimensions d{5, 50, 2, 2, 16};
  Case data(d, false);
  for (float& x : data.q.data) x *= 1000.0F;  // scores up to ±16,000
  for (const Variant& variant : supported(variants())) {
    for (const float value : data.run(variant, context, data.problem)) {
      ASSERT_LE(std::abs(value), 1.0F) << variant.name;  // a mean of values within ±1
    }
  }
}

TEST_F(Attention, AChunkNeedsNoMoreScratchThanItSays) {
  const Case data({100, 100, 2, 2, 32}, false);
  for (const Variant& variant : supported(variants())) {
    Arena own;
    Context small{pool, own};
    data.run(variant, small, data.problem);
    EXPECT_EQ(own.high_water(), variant.scratch_bytes(data.problem, {}, variant.threaded ? pool.threads() : 1));
    EXPECT_LT(own.high_water(), 120'000U) << variant.name;
    // A block of expanded keys, and in fast mode one of values beside it.
    Arena other;
    Context again{pool, other};
    const FewBits few({100, 100, 2, 2, 32}, Storage::kFloat16);
    Problem stored = data.problem;
    stored.stored = few.stored;
    data.run(variant, again, stored);
    const int threads = variant.threaded ? pool.threads() : 1;
    EXPECT_EQ(other.high_water(), variant.scratch_bytes(stored, {}, threads));
    EXPECT_LE(other.high_water(), own.high_water() + 65'536U * static_cast<unsigned>(threads)) << variant.name;
  }
}

TEST_F(Attention, RefusesOperandsThatDisagreeAndNamesThem) {
  std::vector<float> data(4096);
  const auto heads = [&](int tokens, int count, int size) { return heads_view(data.data(), tokens, count, size); };
  const Problem good{.q = heads(3, 4, 8), .k = heads(5, 2, 8), .v = heads(5, 2, 8), .out = heads(3, 4, 8)};
  const auto refuses = [&](const char* part, const auto& spoil) {
    Problem bad = good;
    spoil(bad);
    const std::string text = message_of<std::invalid_argument>([&] { attend(bad, context); });
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  refuses("Q is [3,4,8], K [5,2,7], V [5,2,8] and O [3,4,8]; want Q[T,H,D]", [&](Problem& p) { p.k = heads(5, 2, 7); });
  refuses("V [6,2,8]", [&](Problem& p) { p.v = heads(6, 2, 8); });
  refuses("O [2,4,8]", [&](Problem& p) { p.out = heads(2, 4, 8); });
  refuses("Q has 4 heads, K and V 3; G must divide H", [&](Problem& p) { p.k = p.v = heads(5, 3, 8); });
  refuses("attention: Q: shape [-3,4,8]", [&](Problem& p) { p.q.tokens = -3; });
  refuses("K is [5,0,8]; heads and D must be >= 1", [&](Problem& p) { p.k.heads = 0; });
  refuses("V has no data", [&](Problem& p) { p.v.data = nullptr; });
  refuses("K has no data", [&](Problem& p) { p.k.data = nullptr; });
  refuses("O's strides are 7 and 8", [&](Problem& p) { p.out.token_stride = 7; });
  refuses("first_query is -1", [&](Problem& p) { p.first_query = -1; });
  refuses("first_query is 2147483647 for 3 queries", [&](Problem& p) { p.first_query = 2147483647; });
  refuses("first_key is 8; it must be a multiple of 16", [&](Problem& p) { p.first_key = 8; });
  refuses("window is -2", [&](Problem& p) { p.window = -2; });
  refuses("a window needs a causal mask", [&](Problem& p) { p.window = 2; });
  refuses("the panels of K have 100 floats a head; K [5,2,8] needs 128", [&](Problem& p) {
    p.k_panels = {data.data(), 100};
  });
  const Dimensions shape{3, 5, 4, 2, 8};
  const FewBits few(shape, Storage::kInt8);
  const auto refuses_stored = [&](const char* part, const auto& spoil) {
    refuses(part, [&](Problem& p) {
      p.stored = few.stored;
      spoil(p);
    });
  };
  refuses_stored("K is stored and has panels", [&](Problem& p) { p.k_panels = {data.data(), 128}; });
  refuses_stored("scales have no data", [](Problem& p) { p.stored.value_scales = nullptr; });
  refuses_stored("127 numbers and 32 scales a head", [](Problem& p) { p.stored.head_stride = 127; });
  refuses_stored("15 scales a head; K [5,2,8] needs 128 and 16", [](Problem& p) { p.stored.scale_stride = 15; });
  EXPECT_NE(message_of<std::invalid_argument>([&] {
              pack_keys(heads(5, 2, 8), 12, data.data(), 128);
            }).find("keys 12 to 17 of 8 floats don't fit a head of 128"),
            std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([&] { pack_keys(heads(5, 2, 8), 0, nullptr, 128); }).find("no data"),
            std::string::npos);
}

TEST_F(Attention, TheDispatcherTakesARungOfTheModeAskedFor) {
  EXPECT_EQ(best(Mode::kExact, 2).mode, Mode::kExact);
  EXPECT_FALSE(best(Mode::kFast, 1).threaded);
  EXPECT_EQ(variants().front().name, "naive");
}

TEST(AttentionLadder, HasItsRungsByName) { expect_ladder(variants(), variant); }

}  // namespace
}  // namespace optlab::attention
