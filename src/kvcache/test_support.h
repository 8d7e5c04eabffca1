/// What the tests of the cache share: random sequences, and running them through a cache in chunks.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/digest.h"
#include "core/rng.h"
#include "kvcache/kv_cache.h"

namespace optlab::kvcache {

constexpr int kTokens = 75;
constexpr int kLayers = 2;

/// Random queries, keys and values.
struct Sequence {
  Sequence(int query_heads, int kv_heads, int head_size, int tokens_in_all = kTokens, int layer_count = kLayers)
      : H(query_heads), G(kv_heads), D(head_size), tokens(tokens_in_all), layers(layer_count) {
    for (int l = 0; l < layers; ++l) {
      queries.push_back(random(H, 3 * l));
      keys.push_back(random(G, 3 * l + 1));
      values.push_back(random(G, 3 * l + 2));
    }
  }
  std::vector<float> random(int heads, int stream) const {
    std::vector<float> numbers(static_cast<std::size_t>(tokens) * static_cast<std::size_t>(heads * D));
    Rng(5, static_cast<std::uint32_t>(stream)).fill_uniform(numbers, -2.0F, 2.0F);
    return numbers;
  }
  attention::ConstHeads view(const std::vector<float>& of, int heads) const {
    return attention::heads_view<const float>(of.data(), tokens, heads, D);
  }
  Sizes sizes() const { return {layers, G, D, tokens}; }

  int H, G, D, tokens, layers;
  std::vector<std::vector<float>> queries, keys, values;
};

struct Threads {
  explicit Threads(int count) : pool(count), context{pool, scratch} {}
  parallel::ThreadPool pool;
  Arena scratch;
  attention::Context context;
};

/// What every layer's queries get when the sequence arrives in chunks, up to `end` tokens of it (0: all).
inline std::vector<float> run(const Sequence& s, KvCache& cache, const std::vector<int>& chunks, Threads& threads,
                              gemm::Mode mode = gemm::Mode::kExact, int end = 0) {
  if (end == 0) end = s.tokens;
  const std::size_t each = s.queries[0].size();
  std::vector<float> out(s.queries.size() * each, -7.0F);
  std::vector<std::vector<float>> queries = s.queries;
  for (std::size_t i = 0; cache.length() < end; ++i) {
    const int begin = cache.length(), count = std::min(chunks[i % chunks.size()], end - begin);
    for (int l = 0; l < s.layers; ++l) {
      const attention::Heads q = attention::heads_view(queries[l].data(), s.tokens, s.H, s.D).block(begin, count);
      if (cache.policy().stream) cache.rotate(l, q, threads.pool);
      const attention::Heads to = attention::heads_view(out.data() + l * each, s.tokens, s.H, s.D);
      cache.extend(l, q, s.view(s.keys[l], s.G).block(begin, count), s.view(s.values[l], s.G).block(begin, count),
                   to.block(begin, count), threads.context, mode);
    }
  }
  return out;
}

/// That neither chunks nor threads change a bit of what these policies give; the digest of it all.
template <class Policies>
std::string digest_without_chunks_and_threads(const Sequence& s, const Sizes& sizes, const Policies& policies,
                                              const std::vector<std::vector<int>>& cuts) {
  Digest digest;
  for (const Policy& policy : policies) {
    Threads one(1);
    KvCache first(sizes, policy);
    const auto want = run(s, first, {1}, one);
    digest.add(std::span<const float>(want));
    for (const int count : {1, 3}) {
      Threads threads(count);
      for (const std::vector<int>& chunks : cuts) {
        KvCache cache(sizes, policy);
        EXPECT_EQ(run(s, cache, chunks, threads), want) << policy.window << " " << name_of(policy.storage);
      }
    }
  }
  return digest.hex();
}

}  // namespace optlab::kvcache
