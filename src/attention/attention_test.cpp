#include "attention/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/digest.h"
#include "core/rng.h"
#include "core/test_support.h"

namespace optlab::attention {
namespace {

using gemm::Mode;

struct Dimensions {
  int T, S, H, G, D;
};

// Empty, single, around panels (16), tiles (4, 6, 8, 12), blocks of rows (24) and of keys (up to 256), primes, more
// queries than keys and the reverse, groups of 1 to 8, D from 1 to 160.
constexpr Dimensions kShapes[] = {{0, 0, 1, 1, 1},    {0, 5, 2, 1, 3},     {3, 0, 2, 2, 4},    {1, 1, 1, 1, 1},
                                  {1, 7, 3, 3, 5},    {2, 16, 2, 1, 8},    {5, 17, 4, 2, 16},  {17, 17, 3, 1, 7},
                                  {1, 33, 8, 2, 64},  {13, 13, 8, 2, 33},  {31, 31, 2, 2, 32}, {1, 300, 6, 6, 64},
                                  {7, 129, 5, 5, 31}, {67, 67, 4, 1, 24},  {61, 61, 8, 1, 17}, {25, 64, 1, 1, 128},
                                  {97, 97, 2, 1, 65}, {101, 37, 2, 2, 12}, {6, 600, 3, 3, 48}, {29, 29, 2, 2, 160}};

std::vector<float> random_values(std::size_t count, std::uint32_t stream, float reach) {
  std::vector<float> values(count);
  Rng(2026, stream).fill_uniform(values, -reach, reach);
  return values;
}

/// [tokens, heads, D] with gaps between heads and tokens, or heads outermost.
struct Operand {
  Operand(int tokens, int heads, int size, std::uint32_t stream, float reach, int padding, bool heads_first)
      : data(random_values(static_cast<std::size_t>(tokens) * heads * (size + padding) + 1, stream, reach)) {
    const int length = size + padding;
    view = {data.data(),
            tokens,
            heads,
            size,
            heads_first ? length : heads * length,
            heads_first ? tokens * length : length};
  }
  std::vector<float> data;
  Heads view;
};

constexpr float kUntouched = -77.0F;

std::vector<float> values_of(const Heads& heads) {
  std::vector<float> values;
  for (int t = 0; t < heads.tokens; ++t) {
    for (int h = 0; h < heads.heads; ++h) values.insert(values.end(), heads.at(t, h), heads.at(t, h) + heads.size);
  }
  return values;
}

std::uint64_t digest_of(const std::vector<float>& values) {
  Digest digest;
  digest.add(std::span<const float>(values));
  return digest.value();
}

/// Q, K, V of one shape, and what to do with them.
struct Case {
  Case(const Dimensions& d, bool heads_first, std::uint32_t seed = 0)
      : q(d.T, d.H, d.D, 3 * seed + 1, 2.0F, 1, heads_first),
        k(d.S, d.G, d.D, 3 * seed + 2, 2.0F, 2, heads_first),
        v(d.S, d.G, d.D, 3 * seed + 3, 1.0F, 3, !heads_first),
        problem{.q = q.view, .k = k.view, .v = v.view, .out = {}} {}

  /// Runs `variant` into a result whose gaps must stay untouched.
  std::vector<float> run(const Variant& variant, Context& context, Problem changed) const {
    Operand out(q.view.tokens, q.view.heads, q.view.size, 0, 1.0F, 2, false);
    std::fill(out.data.begin(), out.data.end(), kUntouched);
    changed.out = out.view;
    attend(variant, changed, context);
    const std::vector<float> values = values_of(out.view);
    for (int t = 0; t < out.view.tokens; ++t) {
      for (int h = 0; h < out.view.heads; ++h) std::fill_n(out.view.at(t, h), out.view.size, kUntouched);
    }
    EXPECT_TRUE(std::ranges::all_of(out.data, [](float x) { return x == kUntouched; })) << variant.name;
    return values;
  }

  Operand q, k, v;
  Problem problem;
};

/// Full, causal, a chunk at the end of the keys, with a window, and with keys that begin later.
std::vector<Problem> masks(const Problem& base) {
  std::vector<Problem> all(6, base);
  all[1].causal = true;
  all[2].causal = true;
  all[2].first_query = std::max(base.k.tokens - base.q.tokens, 0);
  all[3] = all[2];
  all[3].window = 5;
  all[4] = all[1];
  all[4].window = 41;
  all[5] = all[1];
  all[5].first_key = 32;
  all[5].first_query = 40;
  return all;
}

std::string describe(const Variant& variant, const Problem& p) {
  return std::string(variant.name) + " at T=" + std::to_string(p.q.tokens) + " S=" + std::to_string(p.k.tokens) +
         " H=" + std::to_string(p.q.heads) + " G=" + std::to_string(p.k.heads) + " D=" + std::to_string(p.q.size) +
         (p.causal ? " causal from " + std::to_string(p.first_query) : "") + " window " + std::to_string(p.window);
}

/// K in panels of a cache that has room for more, its unused part filled with NaN.
struct Cache {
  explicit Cache(const ConstHeads& keys, int capacity)
      : stride(static_cast<std::ptrdiff_t>(key_panel_floats(capacity, keys.size))),
        data(static_cast<std::size_t>(stride) * keys.heads, std::numeric_limits<float>::quiet_NaN()) {}
  KeyPanels panels() const { return {data.data(), stride}; }
  std::ptrdiff_t stride;
  std::vector<float> data;
};

class AttentionOnThreads : public testing::TestWithParam<int> {
 protected:
  parallel::ThreadPool pool{GetParam()};
  Arena scratch;
  Context context{pool, scratch};
};

TEST_P(AttentionOnThreads, EveryExactVariantEqualsTheReferenceBitForBit) {
  for (const Dimensions& d : kShapes) {
    const Case data(d, d.T % 2 == 0);
    for (const Problem& problem : masks(data.problem)) {
      const std::vector<float> want = data.run(variants().front(), context, problem);
      for (const Variant& variant : variants()) {
        if (!variant.supported() || variant.mode != Mode::kExact) continue;
        EXPECT_EQ(digest_of(data.run(variant, context, problem)), digest_of(want)) << describe(variant, problem);
      }
    }
  }
}

TEST_P(AttentionOnThreads, KeysInPanelsGiveTheSameBits) {
  for (const Dimensions& d : kShapes) {
    const Case data(d, d.T % 2 == 0);
    Cache cache(data.k.view, d.S + 20);
    pack_keys(data.k.view, 0, cache.data.data(), cache.stride);
    for (Problem problem : masks(data.problem)) {
      for (const Variant& variant : variants()) {
        if (!variant.supported()) continue;
        problem.k_panels = {};
        const std::vector<float> want = data.run(variant, context, problem);
        problem.k_panels = cache.panels();
        problem.k.data = nullptr;
        EXPECT_EQ(digest_of(data.run(variant, context, problem)), digest_of(want)) << describe(variant, problem);
        problem.k.data = data.k.view.data;
      }
    }
  }
}

TEST_P(AttentionOnThreads, FastVariantsStayWithinTheErrorBound) {
  for (const Dimensions& d : kShapes) {
    const Case data(d, false);
    const int group = d.H / d.G;
    for (const Problem& problem : masks(data.problem)) {
      const std::vector<float> exact = data.run(variants().front(), context, problem);
      // Per element: ε·(4·(D+2)·σ + 5·S + 32)·(Σ p·|v|)/Σ p
      std::vector<double> bound(exact.size());
      for (int t = 0; t < d.T; ++t) {
        for (int h = 0; h < d.H; ++h) {
          std::vector<double> weighted(d.D);
          std::vector<double> scores;
          double sigma = 0, sum = 0;
          std::vector<int> keys;
          for (int s = 0; s < d.S; ++s) {
            const int behind = problem.first_query + t - problem.first_key - s;
            if (problem.causal && (behind < 0 || (problem.window > 0 && behind >= problem.window))) continue;
            double score = 0, magnitude = 0;
            for (int i = 0; i < d.D; ++i) {
              const double product = double{problem.q.at(t, h)[i]} * problem.k.at(s, h / group)[i];
              score += product;
              magnitude += std::abs(product);
            }
            sigma = std::max(sigma, magnitude / std::sqrt(d.D));
            keys.push_back(s);
            scores.push_back(score / std::sqrt(d.D));
          }
          const double most = scores.empty() ? 0 : *std::ranges::max_element(scores);
          for (std::size_t j = 0; j < keys.size(); ++j) {
            const double p = std::exp(scores[j] - most);
            sum += p;
            for (int i = 0; i < d.D; ++i) weighted[i] += p * std::abs(problem.v.at(keys[j], h / group)[i]);
          }
          for (int i = 0; i < d.D; ++i) {
            bound[(static_cast<std::size_t>(t) * d.H + h) * d.D + i] =
                keys.empty() ? 0 : 0x1p-24 * (4 * (d.D + 2) * sigma + 5.0 * d.S + 32) * weighted[i] / sum;
          }
        }
      }
      for (const Variant& variant : variants()) {
        if (!variant.supported() || variant.mode != Mode::kFast) continue;
        const std::vector<float> got = data.run(variant, context, problem);
        for (std::size_t i = 0; i < got.size(); ++i) {
          ASSERT_LE(std::abs(got[i] - exact[i]), bound[i]) << describe(variant, problem) << " element " << i;
        }
      }
    }
  }
}

TEST_P(AttentionOnThreads, GenerationAndChunksEqualTheWholeBitForBit) {
  // A prompt at once, the same token by token against a growing cache, and in chunks of 7.
  for (const Dimensions& d :
       {Dimensions{45, 45, 4, 4, 32}, Dimensions{37, 37, 8, 2, 20}, Dimensions{70, 70, 6, 3, 64}}) {
    const Case data(d, false);
    for (const int window : {0, 19}) {
      Problem whole = data.problem;
      whole.causal = true;
      whole.window = window;
      for (const Variant& variant : variants()) {
        if (!variant.supported() || variant.mode != Mode::kExact) continue;
        const std::vector<float> want = data.run(variant, context, whole);
        for (const int chunk : {1, 7, 40}) {
          Cache cache(data.k.view, d.S);
          std::vector<float> got(want.size());
          for (int first = 0; first < d.T; first += chunk) {
            const int count = std::min(chunk, d.T - first);
            pack_keys(data.k.view.block(first, count), first, cache.data.data(), cache.stride);
            Problem step = whole;
            step.q = whole.q.block(first, count);
            step.k.tokens = step.v.tokens = first + count;
            step.out = heads_view(got.data(), d.T, d.H, d.D).block(first, count);
            step.first_query = first;
            step.k_panels = cache.panels();
            attend(variant, step, context);
          }
          EXPECT_EQ(digest_of(got), digest_of(want)) << describe(variant, whole) << " chunk " << chunk;
        }
      }
    }
  }
}

TEST_P(AttentionOnThreads, KeysThatLeftTheWindowMayLeaveTheCache) {
  constexpr Dimensions d{1, 80, 4, 2, 16};
  const Case data(d, false);
  Problem whole = data.problem;
  whole.causal = true;
  whole.first_query = 79;
  whole.window = 30;
  Problem rest = whole;  // keys 48 to 79
  rest.first_key = 48;
  rest.k = whole.k.block(48, 32);
  rest.v = whole.v.block(48, 32);
  for (const Variant& variant : variants()) {
    if (!variant.supported() || variant.mode != Mode::kExact) continue;
    EXPECT_EQ(data.run(variant, context, rest), data.run(variant, context, whole)) << variant.name;
  }
}

TEST_P(AttentionOnThreads, HasTheSameBitsEverywhere) {
  Digest digest;
  for (const Dimensions& d : kShapes) {
    const Case data(d, false, 1);
    for (const Problem& problem : masks(data.problem)) {
      digest.add(std::span<const float>(data.run(best(Mode::kExact, pool.threads()), context, problem)));
    }
  }
  EXPECT_EQ(digest.hex(), "e6a85d5c5db7827c");  // natively (scalar, AVX2, AVX-512, NEON) and as WebAssembly
}

INSTANTIATE_TEST_SUITE_P(Threads, AttentionOnThreads, testing::Values(1, 2, 3, 4));

class Attention : public testing::Test {
 protected:
  parallel::ThreadPool pool{2};
  Arena scratch;
  Context context{pool, scratch};
};

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
  for (const Variant& variant : variants()) {
    if (!variant.supported()) continue;
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
  for (const Variant& variant : variants()) {
    if (!variant.supported()) continue;
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
  for (const Variant& variant : variants()) {
    if (!variant.supported()) continue;
    for (const float value : data.run(variant, context, data.problem)) {
      ASSERT_LE(std::abs(value), 1.0F) << variant.name;  // a mean of values within ±1
    }
  }
}

/// K and V of S keys in 16 or 8 bits, any numbers, in a cache with room for more.
struct FewBits {
  FewBits(const Dimensions& d, Storage storage) : keys(bytes(d, storage)), values(keys), scales(2 * rows(d)) {
    const Rng rng(7, 1);
    for (std::size_t i = 0; i < keys.size(); ++i) {  // of halves the exponents 0 to 15: below 2
      const unsigned mask = storage == Storage::kFloat16 && i % 2 == 1 ? 0xBFU : 0xFFU;
      keys[i] = static_cast<std::byte>(rng.below(2 * i, 256) & mask);
      values[i] = static_cast<std::byte>(rng.below(2 * i + 1, 256) & mask);
    }
    Rng(7, 2).fill_uniform(scales, 0.0F, 0.01F);
    const auto stride = static_cast<std::ptrdiff_t>(rows(d)) / d.G;
    stored = {storage, keys.data(), values.data(), stride * d.D, scales.data(), scales.data() + rows(d), stride, true};
  }
  static std::size_t rows(const Dimensions& d) { return static_cast<std::size_t>(d.G) * (d.S / 16 + 2) * 16; }
  static std::size_t bytes(const Dimensions& d, Storage storage) {
    return rows(d) * static_cast<std::size_t>(d.D) * (storage == Storage::kFloat16 ? 2 : 1);
  }
  std::vector<std::byte> keys, values;
  std::vector<float> scales;
  Stored stored;
};

TEST_P(AttentionOnThreads, FewerBitsAreReadAsTheirValues) {
  for (const Dimensions& d : kShapes) {
    for (const Storage storage : {Storage::kFloat16, Storage::kInt8}) {
      const FewBits few(d, storage);
      Case data(d, false);
      data.problem.stored = few.stored;
      data.problem.k.data = data.problem.v.data = nullptr;
      // The values for rungs that read float32.
      Case whole(d, false);
      std::vector<float> key(static_cast<std::size_t>(d.D)), value(key);
      for (int s = 0; s < d.S; ++s) {
        for (int g = 0; g < d.G; ++g) {
          read_stored(few.stored, g, s, key, value);
          std::copy(key.begin(), key.end(), whole.k.view.at(s, g));
          std::copy(value.begin(), value.end(), whole.v.view.at(s, g));
        }
      }
      const std::vector<Problem> stored = masks(data.problem), plain = masks(whole.problem);
      for (std::size_t i = 0; i < stored.size(); ++i) {
        const std::vector<float> want = whole.run(variants().front(), context, plain[i]);
        for (const Variant& variant : variants()) {
          if (!variant.supported()) continue;
          const std::vector<float> got = data.run(variant, context, stored[i]);
          if (variant.mode == Mode::kExact) {
            EXPECT_EQ(digest_of(got), digest_of(want)) << describe(variant, stored[i]);
            continue;
          }
          for (std::size_t n = 0; n < got.size(); ++n) {
            ASSERT_NEAR(got[n], want[n], 1e-4F) << describe(variant, stored[i]);
          }
        }
      }
    }
  }
}

TEST_F(Attention, AChunkNeedsNoMoreScratchThanItSays) {
  const Case data({100, 100, 2, 2, 32}, false);
  for (const Variant& variant : variants()) {
    if (!variant.supported()) continue;
    Arena own;
    Context small{pool, own};
    data.run(variant, small, data.problem);
    EXPECT_EQ(own.high_water(), variant.scratch_bytes(data.problem, variant.threaded ? pool.threads() : 1));
    EXPECT_LT(own.high_water(), 120'000U) << variant.name;
    // A block of expanded keys, and in fast mode one of values beside it.
    Arena other;
    Context again{pool, other};
    const FewBits few({100, 100, 2, 2, 32}, Storage::kFloat16);
    Problem stored = data.problem;
    stored.stored = few.stored;
    data.run(variant, again, stored);
    const int threads = variant.threaded ? pool.threads() : 1;
    EXPECT_EQ(other.high_water(), variant.scratch_bytes(stored, threads));
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
  EXPECT_NE(message_of<std::invalid_argument>([] { variant("warp"); }).find("\"warp\" here; there are naive, "),
            std::string::npos);
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

}  // namespace
}  // namespace optlab::attention
