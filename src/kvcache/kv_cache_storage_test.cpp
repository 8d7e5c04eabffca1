/// Numbers kept in 16 or 8 bits: how far off they are, and that they are read as what they stand for.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/digest.h"
#include "core/float16.h"
#include "kvcache/test_support.h"

namespace optlab::kvcache {
namespace {

using attention::ConstHeads;

TEST(KvCache, SmallStoragesAreWithinTheirBound) {
  const Sequence s(4, 2, 16);
  Threads threads(1);
  KvCache full(s.sizes(), {});
  const auto exact = run(s, full, {kTokens}, threads);
  for (const Storage storage : {Storage::kFloat16, Storage::kInt8}) {
    KvCache cache(s.sizes(), {.storage = storage});
    const auto got = run(s, cache, {kTokens}, threads);
    std::vector<float> key(16), value(16);
    double worst = 0.0;
    for (int l = 0; l < kLayers; ++l) {
      for (int g = 0; g < s.G; ++g) {
        for (int p = 0; p < kTokens; ++p) {
          cache.read(l, g, p, key, value);
          const float* k = s.view(s.keys[l], s.G).at(p, g);
          float largest = 0.0F;
          for (int d = 0; d < s.D; ++d) largest = std::max(largest, std::fabs(k[d]));
          for (int d = 0; d < s.D; ++d) {
            const float off = std::fabs(key[d] - (storage == Storage::kFloat16 ? from_half(to_half(k[d])) : k[d]));
            EXPECT_LE(off, storage == Storage::kFloat16 ? 0.0F : 1.0001F * largest / 254);
          }
        }
      }
      for (int t = 0; t < kTokens; ++t) {
        for (int h = 0; h < s.H; ++h) {
          const int g = h * s.G / s.H;
          double delta = 0.0, most = 0.0, dv = 0.0;
          for (int p = 0; p <= t; ++p) {
            cache.read(l, g, p, key, value);
            double score = 0.0;
            for (int d = 0; d < s.D; ++d) {
              score += std::fabs(double{s.view(s.queries[l], s.H).at(t, h)[d]} *
                                 (key[d] - s.view(s.keys[l], s.G).at(p, g)[d]));
              most = std::max(most, std::fabs(double{s.view(s.values[l], s.G).at(p, g)[d]}));
              dv = std::max(dv, std::fabs(double{value[d]} - s.view(s.values[l], s.G).at(p, g)[d]));
            }
            delta = std::max(delta, score / std::sqrt(s.D));
          }
          for (int d = 0; d < s.D; ++d) {
            const int at = ((l * kTokens + t) * s.H + h) * s.D + d;
            const double error = std::fabs(double{got[at]} - exact[at]);
            worst = std::max(worst, error);
            EXPECT_LE(error, (std::exp(2.0 * delta) - 1.0) * most + dv + 1e-5);
          }
        }
      }
    }
    EXPECT_GT(worst, storage == Storage::kInt8 ? 1e-3 : 1e-5);  // it does round
  }
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  Digest first, second;  // in which all NaNs are one
  first.add(std::span<const float>(a));
  second.add(std::span<const float>(b));
  return a.size() == b.size() && first.value() == second.value();
}

/// The sequence as `storage` gives it back.
Sequence as_read(const Sequence& s, Storage storage) {
  Sequence result = s;
  Threads one(1);
  KvCache cache(s.sizes(), {.storage = storage});
  run(s, cache, {kTokens}, one);
  for (int l = 0; l < kLayers; ++l) {
    for (int t = 0; t < kTokens; ++t) {
      for (int g = 0; g < s.G; ++g) {
        const auto size = static_cast<std::size_t>(s.D);
        const std::size_t at = static_cast<std::size_t>(t * s.G + g) * size;
        cache.read(l, g, t, std::span(result.keys[l]).subspan(at, size), std::span(result.values[l]).subspan(at, size));
      }
    }
  }
  return result;
}

// Single queries and pairs read halves and bytes in registers where D is a multiple of 16, others expand them; finite halves
// and not, queries that times 2^112 would be infinite.
TEST(KvCache, WhatIsReadDirectlyIsWhatExpandedWouldBe) {
  for (const int D : {10, 16, 32, 48, 64, 80}) {
    for (const int G : {4, 2, 1}) {
      for (const bool odd : {false, true}) {
        Sequence s(4, G, D);
        if (odd) {
          const auto size = static_cast<std::size_t>(D);
          s.queries[0][4 * size * 20 + 1] = 40000.0F;
          s.queries[0][4 * size * 50 + 3] = std::nanf("");
          s.keys[1][static_cast<std::size_t>(G) * size * 60 + 5] = 1e6F;
          s.values[1][static_cast<std::size_t>(G) * size * 66 + 5] = std::nanf("");
          s.values[0][7] = -0x1p-20F;
        }
        for (const Storage storage : {Storage::kFloat16, Storage::kInt8}) {
          const Sequence read = as_read(s, storage);
          for (const Policy& policy : {Policy{}, Policy{.window = 21, .sinks = 3}}) {
            Policy small = policy;
            small.storage = storage;
            for (const int count : {1, 2}) {
              Threads threads(count);
              for (const std::vector<int>& chunks : {std::vector<int>{1}, {2, 1, 30}}) {
                KvCache cache(s.sizes(), small), full(s.sizes(), policy);
                EXPECT_TRUE(same_bits(run(s, cache, chunks, threads), run(read, full, chunks, threads)))
                    << name_of(storage) << " D=" << D << " G=" << G << " window " << policy.window
                    << (odd ? " odd" : "");
              }
              if (odd) continue;
              KvCache cache(s.sizes(), small), full(s.sizes(), policy);
              const auto got = run(s, cache, {2, 1, 30}, threads, gemm::Mode::kFast);
              const auto want = run(read, full, {2, 1, 30}, threads, gemm::Mode::kFast);
              for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-4F);
            }
          }
        }
      }
    }
  }
}

TEST(KvCache, AnInt8VectorThatIsNotFiniteReadsAsNan) {
  std::vector<float> x = {1.0F, std::numeric_limits<float>::infinity(), 0.0F, 0.0F}, out(4), key(2), value(2);
  const ConstHeads view{x.data(), 1, 2, 2, 4, 2};
  Threads threads(1);
  KvCache cache({1, 2, 2, 4}, {.storage = Storage::kInt8});
  cache.extend(0, view, view, view, {out.data(), 1, 2, 2, 4, 2}, threads.context, gemm::Mode::kExact);
  cache.read(0, 0, 0, key, value);
  EXPECT_TRUE(std::isnan(key[0]) && std::isnan(value[1]));
  cache.read(0, 1, 0, key, value);
  EXPECT_EQ(key, std::vector<float>(2));
}

TEST(KvCache, HalvesReadBackAsTheyAre) {
  const std::vector<float> odd = {std::numeric_limits<float>::infinity(), -1e9F, 0x1p-24F, -0x1.8p-20F, -0.0F, 1e-9F};
  std::vector<float> out(6), key(6), value(6);
  const ConstHeads view{odd.data(), 1, 1, 6, 6, 6};
  Threads threads(1);
  KvCache cache({1, 1, 6, 4}, {.storage = Storage::kFloat16});
  cache.extend(0, view, view, view, {out.data(), 1, 1, 6, 6, 6}, threads.context, gemm::Mode::kExact);
  cache.read(0, 0, 0, key, value);
  for (int d = 0; d < 6; ++d) {
    EXPECT_EQ(key[d], from_half(to_half(odd[d])));
    EXPECT_EQ(std::signbit(value[d]), std::signbit(odd[d]));
  }
  const std::vector<float> nan(6, std::nanf(""));
  cache.reset();
  cache.extend(0, view, {nan.data(), 1, 1, 6, 6, 6}, view, {out.data(), 1, 1, 6, 6, 6}, threads.context,
               gemm::Mode::kExact);
  cache.read(0, 0, 0, key, value);
  EXPECT_TRUE(std::isnan(key[3]));
}

}  // namespace
}  // namespace optlab::kvcache
