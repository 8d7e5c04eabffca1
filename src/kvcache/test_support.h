/// What the tests of the cache share: random sequences, and running them through a cache in chunks.
#pragma once

#include <algorithm>
#include <vector>

#include "core/rng.h"
#include "kvcache/kv_cache.h"

namespace optlab::kvcache {

constexpr int kTokens = 75;
constexpr int kLayers = 2;

/// Random queries, keys and values of two layers.
struct Sequence {
  explicit Sequence(int query_heads, int kv_heads, int head_size) : H(query_heads), G(kv_heads), D(head_size) {
    for (int l = 0; l < kLayers; ++l) {
      queries.push_back(random(H, 3 * l));
      keys.push_back(random(G, 3 * l + 1));
      values.push_back(random(G, 3 * l + 2));
    }
  }
  std::vector<float> random(int heads, int stream) const {
    std::vector<float> numbers(static_cast<std::size_t>(kTokens * heads * D));
    Rng(5, static_cast<std::uint32_t>(stream)).fill_uniform(numbers, -2.0F, 2.0F);
    return numbers;
  }
  attention::ConstHeads view(const std::vector<float>& of, int heads) const {
    return attention::heads_view<const float>(of.data(), kTokens, heads, D);
  }
  Sizes sizes() const { return {kLayers, G, D, kTokens}; }

  int H, G, D;
  std::vector<std::vector<float>> queries, keys, values;
};

struct Threads {
  explicit Threads(int count) : pool(count), context{pool, scratch} {}
  parallel::ThreadPool pool;
  Arena scratch;
  attention::Context context;
};

/// What every layer's queries get when the sequence arrives in chunks.
inline std::vector<float> run(const Sequence& s, KvCache& cache, const std::vector<int>& chunks, Threads& threads,
                              gemm::Mode mode = gemm::Mode::kExact) {
  const std::size_t each = s.queries[0].size();
  std::vector<float> out(kLayers * each, -7.0F);
  for (std::size_t i = 0; cache.length() < kTokens; ++i) {
    const int begin = cache.length(), count = std::min(chunks[i % chunks.size()], kTokens - begin);
    for (int l = 0; l < kLayers; ++l) {
      const attention::Heads to = attention::heads_view(out.data() + l * each, kTokens, s.H, s.D);
      cache.extend(l, s.view(s.queries[l], s.H).block(begin, count), s.view(s.keys[l], s.G).block(begin, count),
                   s.view(s.values[l], s.G).block(begin, count), to.block(begin, count), threads.context, mode);
    }
  }
  return out;
}

}  // namespace optlab::kvcache
