/// Every variant against the reference, over shapes, masks, layouts and thread counts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "attention/test_support.h"
#include "core/digest.h"
#include "parallel/test_support.h"

namespace optlab::attention {
namespace {

using gemm::Mode;

// Empty, single, around panels (16), tiles (4, 6, 8, 12), blocks of rows (24) and of keys (up to 256), primes, more
// queries than keys and the reverse, groups of 1 to 8, D from 1 to 160.
constexpr Dimensions kShapes[] = {{0, 0, 1, 1, 1},    {0, 5, 2, 1, 3},     {3, 0, 2, 2, 4},    {1, 1, 1, 1, 1},
                                  {1, 7, 3, 3, 5},    {2, 16, 2, 1, 8},    {5, 17, 4, 2, 16},  {17, 17, 3, 1, 7},
                                  {1, 33, 8, 2, 64},  {13, 13, 8, 2, 33},  {31, 31, 2, 2, 32}, {1, 300, 6, 6, 64},
                                  {7, 129, 5, 5, 31}, {67, 67, 4, 1, 24},  {61, 61, 8, 1, 17}, {25, 64, 1, 1, 128},
                                  {97, 97, 2, 1, 65}, {101, 37, 2, 2, 12}, {6, 600, 3, 3, 48}, {29, 29, 2, 2, 160}};

/// K in panels of a cache that has room for more, its unused part filled with NaN.
struct Cache {
  explicit Cache(const ConstHeads& keys, int capacity)
      : stride(static_cast<std::ptrdiff_t>(key_panel_floats(capacity, keys.size))),
        data(static_cast<std::size_t>(stride) * keys.heads, std::numeric_limits<float>::quiet_NaN()) {}
  KeyPanels panels() const { return {data.data(), stride}; }
  std::ptrdiff_t stride;
  std::vector<float> data;
};

using AttentionOnThreads = parallel::OnThreads<Context>;

TEST_P(AttentionOnThreads, EveryExactVariantEqualsTheReferenceBitForBit) {
  for (const Dimensions& d : kShapes) {
    const Case data(d, d.T % 2 == 0);
    for (const Problem& problem : masks(data.problem)) {
      const std::vector<float> want = data.run(variants().front(), context, problem);
      for (const Variant& variant : supported(variants(), Mode::kExact)) {
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
      for (const Variant& variant : supported(variants())) {
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
      for (const Variant& variant : supported(variants(), Mode::kFast)) {
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
      for (const Variant& variant : supported(variants(), Mode::kExact)) {
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
  for (const Variant& variant : supported(variants(), Mode::kExact)) {
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
        for (const Variant& variant : supported(variants())) {
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

INSTANTIATE_TEST_SUITE_P(Threads, AttentionOnThreads, testing::Values(1, 2, 3, 4));

}  // namespace
}  // namespace optlab::attention
