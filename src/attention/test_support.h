/// What the tests of attention share: random operands with gaps, and the masks a problem is tried under.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "attention/attention.h"
#include "core/test_support.h"

namespace optlab::attention {

struct Dimensions {
  int T, S, H, G, D;
};

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

inline std::vector<float> values_of(const Heads& heads) {
  std::vector<float> values;
  for (int t = 0; t < heads.tokens; ++t) {
    for (int h = 0; h < heads.heads; ++h) values.insert(values.end(), heads.at(t, h), heads.at(t, h) + heads.size);
  }
  return values;
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
inline std::vector<Problem> masks(const Problem& base) {
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

inline std::string describe(const Variant& variant, const Problem& p) {
  return std::string(variant.name) + " at T=" + std::to_string(p.q.tokens) + " S=" + std::to_string(p.k.tokens) +
         " H=" + std::to_string(p.q.heads) + " G=" + std::to_string(p.k.heads) + " D=" + std::to_string(p.q.size) +
         (p.causal ? " causal from " + std::to_string(p.first_query) : "") + " window " + std::to_string(p.window);
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

}  // namespace optlab::attention
