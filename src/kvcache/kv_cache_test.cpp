#include "kvcache/kv_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/digest.h"
#include "core/memory.h"
#include "core/test_support.h"
#include "kvcache/test_support.h"

namespace optlab::kvcache {
namespace {

using attention::ConstHeads;
using attention::Heads;

constexpr Storage kAll[] = {Storage::kFloat32, Storage::kFloat16, Storage::kInt8};

const std::vector<std::vector<int>> kChunks = {{1}, {kTokens}, {16}, {1, 7, 0, 30}, {40, 1}};
const Policy kPolicies[] = {{},
                            {.window = 20},
                            {.window = 13, .sinks = 4},
                            {.window = 1},
                            {.window = 70, .sinks = 9},
                            {.storage = Storage::kFloat16},
                            {.storage = Storage::kInt8},
                            {.window = 16, .sinks = 16, .storage = Storage::kInt8},
                            {.window = 30, .sinks = 1, .storage = Storage::kFloat16}};

TEST(KvCache, FullIsTheWholeComputationBitForBit) {
  for (const int G : {4, 2, 1}) {  // MHA, GQA, MQA
    const Sequence s(4, G, 10);
    Threads one(1);
    std::vector<float> want(kLayers * s.queries[0].size());
    for (int l = 0; l < kLayers; ++l) {
      float* to = want.data() + static_cast<std::size_t>(l) * s.queries[0].size();
      attention::attend(attention::variants().front(),
                        {.q = s.view(s.queries[l], s.H),
                         .k = s.view(s.keys[l], G),
                         .v = s.view(s.values[l], G),
                         .out = attention::heads_view(to, kTokens, s.H, s.D),
                         .causal = true},
                        one.context);
    }
    for (const int count : {1, 2, 3}) {
      Threads threads(count);
      for (const auto& chunks : kChunks) {
        KvCache cache(s.sizes(), {});
        EXPECT_EQ(run(s, cache, chunks, threads), want) << G << " heads, chunks of " << chunks[0];
      }
    }
  }
}

TEST(KvCache, NoPolicyDependsOnChunksOrThreads) {
  const Sequence s(6, 3, 12);
  EXPECT_EQ(digest_without_chunks_and_threads(s, s.sizes(), kPolicies, kChunks),
            "ef715108045b9252");  // on every platform
}

/// The positions that a query at `position` sees.
std::vector<int> seen(const Policy& policy, int position) {
  std::vector<int> positions;
  for (int p = 0; p <= position; ++p) {
    if (policy.window == 0 || p < policy.sinks || p > position - policy.window ||
        position < policy.window + policy.sinks) {
      positions.push_back(p);
    }
  }
  return positions;
}

struct Softmax {
  std::vector<double> p;
  double delta = 0.0;  // the largest error of a score
};

/// One query's probabilities over all positions up to its own, in float64.
Softmax softmax(const Sequence& s, int l, int t, int h) {
  Softmax result;
  double most = -1e30, sum = 0.0;
  for (int p = 0; p <= t; ++p) {
    double score = 0.0;
    for (int d = 0; d < s.D; ++d) {
      score += double{s.view(s.queries[l], s.H).at(t, h)[d]} * s.view(s.keys[l], s.G).at(p, h * s.G / s.H)[d];
    }
    result.p.push_back(score / std::sqrt(s.D));
    most = std::max(most, result.p.back());
  }
  for (double& p : result.p) sum += p = std::exp(p - most);
  for (double& p : result.p) p /= sum;
  return result;
}

TEST(KvCache, AWindowSeesItsTokensAndIsOffByWhatItEvicts) {
  const Sequence s(4, 2, 8);
  for (const Policy& policy : {Policy{.window = 20}, Policy{.window = 13, .sinks = 4}, Policy{.window = 1}}) {
    Threads threads(2);
    KvCache cache(s.sizes(), policy), whole(s.sizes(), {});
    const auto got = run(s, cache, {5}, threads), full = run(s, whole, {5}, threads);
    EXPECT_EQ(cache.kept(), policy.window + policy.sinks);
    for (int l = 0; l < kLayers; ++l) {
      for (int t = 0; t < kTokens; ++t) {
        for (int h = 0; h < s.H; ++h) {
          const int g = h * s.G / s.H;
          const Softmax all = softmax(s, l, t, h);
          std::vector<double> want(static_cast<std::size_t>(s.D));
          double mass = 0.0, largest = 0.0;
          for (const int p : seen(policy, t)) {
            mass += all.p[p];
            for (int d = 0; d < s.D; ++d) want[d] += all.p[p] * s.view(s.values[l], s.G).at(p, g)[d];
          }
          for (int p = 0; p <= t; ++p) {
            for (int d = 0; d < s.D; ++d)
              largest = std::max(largest, std::fabs(double{s.view(s.values[l], s.G).at(p, g)[d]}));
          }
          for (int d = 0; d < s.D; ++d) {
            const int at = ((l * kTokens + t) * s.H + h) * s.D + d;
            EXPECT_NEAR(got[at], want[d] / mass, 1e-5) << l << " " << t << " " << h;
            EXPECT_LE(std::fabs(double{got[at]} - full[at]), 2.0 * (1.0 - mass) * largest + 1e-5);
          }
        }
      }
    }
  }
}

TEST(KvCache, AllocatesWhatItSaysToTheByte) {
  for (const Sizes& sizes : {Sizes{1, 1, 1, 1}, Sizes{6, 3, 32, 256}, Sizes{2, 8, 10, 33}}) {
    for (const Policy& policy : kPolicies) {
      const std::size_t before = memory::figures().current;
      const KvCache cache(sizes, policy);
      EXPECT_EQ(memory::figures().current - before, cache.footprint().total());
      EXPECT_EQ(footprint(sizes, policy).total(), cache.footprint().total());
      EXPECT_EQ(cache.bytes_in_use(), 0U);
    }
  }
  // 2 (K and V) · 6 layers · 3 heads · 32 numbers · 256 tokens · 4, 2 or 1 bytes, and a scale for each vector of these.
  constexpr std::size_t kNumbers = 2U * 6 * 3 * 32 * 256;
  EXPECT_EQ(footprint({6, 3, 32, 256}, {}).total(), kNumbers * 4);
  EXPECT_EQ(footprint({6, 3, 32, 256}, {.storage = Storage::kFloat16}).total(), kNumbers * 2);
  EXPECT_EQ(footprint({6, 3, 32, 256}, {.storage = Storage::kInt8}).total(), kNumbers + kNumbers / 32 * 4);
  const Sequence s(2, 2, 8);
  Threads threads(1);
  KvCache cache(s.sizes(), {.window = 9, .sinks = 1, .storage = Storage::kInt8});
  run(s, cache, {4}, threads);
  EXPECT_EQ(cache.bytes_in_use(), 2U * kLayers * 2 * 10 * (8 + 4));
}

TEST(KvCache, StepsNeedNoMemory) {
  const Sequence s(4, 2, 8);
  Threads threads(2);
  for (const Policy& policy : kPolicies) {
    KvCache first(s.sizes(), policy), cache(s.sizes(), policy);
    run(s, first, {8}, threads);  // scratch is there now
    const std::size_t before = memory::figures().allocations;
    run(s, cache, {8}, threads);
    EXPECT_EQ(memory::figures().allocations, before);
  }
}

TEST(KvCache, TruncatedItGoesOnAsIfTheRestHadNeverBeen) {
  const Sequence s(4, 2, 8);
  Threads threads(1);
  for (const Policy& policy : kPolicies) {
    KvCache cache(s.sizes(), policy);
    const auto want = run(s, cache, {6}, threads);
    const bool evicts = policy.window > 0 && policy.window + policy.sinks < kTokens;
    for (const int length : {kTokens, kTokens - 1, 30, 0}) {
      if (evicts && length == 30) {
        EXPECT_FALSE(cache.can_truncate(length));
        EXPECT_NE(message_of<std::invalid_argument>([&] { cache.truncate(length); }).find("has evicted"),
                  std::string::npos);
        continue;
      }
      cache.truncate(length);
      EXPECT_EQ(cache.length(), length);
      auto again = run(s, cache, {7}, threads);
      for (int l = 0; l < kLayers; ++l) {
        const std::size_t each = s.queries[0].size(), from = each / kTokens * static_cast<std::size_t>(length);
        for (std::size_t i = from; i < each; ++i) ASSERT_EQ(again[l * each + i], want[l * each + i]) << length;
      }
    }
  }
}

TEST(KvCache, KnowsWhereTokensAre) {
  const Sequence s(2, 2, 6);
  Threads threads(1);
  const Policy policy{.window = 10, .sinks = 3};
  KvCache cache(s.sizes(), policy);
  run(s, cache, {9}, threads);
  const auto kept = seen(policy, kTokens - 1);
  std::vector<int> slots;
  std::vector<float> key(6), value(6);
  for (int p = 0; p < kTokens; ++p) {
    ASSERT_EQ(cache.holds(p), std::find(kept.begin(), kept.end(), p) != kept.end()) << p;
    if (!cache.holds(p)) continue;
    slots.push_back(cache.slot_of(p));
    for (int l = 0; l < kLayers; ++l) {
      cache.read(l, 1, p, key, value);
      EXPECT_TRUE(std::equal(key.begin(), key.end(), s.view(s.keys[l], 2).at(p, 1)));
      EXPECT_TRUE(std::equal(value.begin(), value.end(), s.view(s.values[l], 2).at(p, 1)));
    }
  }
  std::sort(slots.begin(), slots.end());
  for (int i = 0; i < 13; ++i) EXPECT_EQ(slots[i], i);
}

TEST(KvCache, RefusesByName) {
  const auto refused = [](const auto& action, const char* part) {
    const std::string message = message_of<std::invalid_argument>(action);
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  refused([] { KvCache({0, 1, 1, 1}, {}); }, "0 layers");
  refused([] { KvCache({1, 1, 1, 0}, {}); }, "0 positions");
  refused([] { KvCache({1 << 20, 1 << 10, 1 << 10, 16}, {}); }, "KvCache");
  refused([] { KvCache({1, 1, 1, 8}, {.window = -1}); }, "window of -1");
  refused([] { KvCache({1, 1, 1, 8}, {.sinks = 1}); }, "only beside a window");
  refused([] { storage_named("f64"); }, "there are f32, fp16, int8");
  for (const Storage storage : kAll) EXPECT_EQ(storage_named(name_of(storage)), storage);
  const Sequence s(4, 2, 8);
  Threads threads(1);
  std::vector<float> out(s.queries[0].size());
  const ConstHeads q = s.view(s.queries[0], 4), k = s.view(s.keys[0], 2);
  const Heads to = attention::heads_view(out.data(), kTokens, 4, 8);
  KvCache cache(s.sizes(), {});
  const auto extend = [&](int layer, const ConstHeads& wrong_q, const ConstHeads& wrong_k, const Heads& wrong_to) {
    cache.extend(layer, wrong_q, wrong_k, wrong_k, wrong_to, threads.context, gemm::Mode::kExact);
  };
  refused([&] { extend(2, q, k, to); }, "layer 2; there are 0 to 1");
  refused([&] { extend(0, q.block(0, 3), k, to); }, "differ in tokens");
  refused([&] { extend(0, q, q, to); }, "K has 4 heads of 8");
  refused([&] { extend(0, k, k, to); }, "differ in heads");
  refused([&] { extend(0, q, {nullptr, kTokens, 2, 8, 16, 8}, to); }, "has no data");
  extend(0, q, k, to);
  refused([&] { extend(0, q.block(0, 1), k.block(0, 1), to.block(0, 1)); }, "1 tokens after 75");
  refused([&] { cache.truncate(-1); }, "to -1");
  refused([&] { cache.truncate(1); }, "to 1");  // layer 1 has none yet
  std::vector<float> vector(8);
  refused([&] { cache.read(1, 0, 0, vector, vector); }, "position 0 of layer 1");
  refused([&] { cache.read(0, 2, 0, vector, vector); }, "head 2");
  cache.reset();
  EXPECT_EQ(cache.length(), 0);
}

}  // namespace
}  // namespace optlab::kvcache
