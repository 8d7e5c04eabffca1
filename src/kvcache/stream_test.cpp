#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <vector>

#include "attention/row_ops.h"
#include "core/math.h"
#include "core/memory.h"
#include "core/test_support.h"
#include "kvcache/kv_cache.h"
#include "kvcache/test_support.h"

namespace optlab::kvcache {
namespace {

using attention::ConstHeads;
using attention::Heads;

constexpr int kLong = 200, kPositions = 60;

/// Of one layer, as projections make it: no position has turned it yet.
Sequence sequence(int query_heads, int kv_heads, int head_size) { return {query_heads, kv_heads, head_size, kLong, 1}; }

Sizes sizes_of(const Sequence& s) { return {1, s.G, s.D, kPositions}; }

/// x turned by the angles of a place, pair by pair.
std::vector<float> turned(const float* x, int size, int place) {
  const attention::RopeTable table(place + 1, size);
  std::vector<float> y(static_cast<std::size_t>(size));
  for (int i = 0; i < size; i += 2) {
    const float cosine = table.cosines(place)[i], sine = table.sines(place)[i + 1];
    y[i] = x[i] * cosine - x[i + 1] * sine;
    y[i + 1] = x[i + 1] * cosine + x[i] * sine;
  }
  return y;
}

/// What a query makes of the positions in `slots`: attention as attention.h writes it, every key turned by how many of the
/// kept positions come before it.
std::vector<float> slow(const Sequence& s, const std::vector<int>& slots, int t, int h) {
  const auto place = [&](int position) {
    return static_cast<int>(std::count_if(slots.begin(), slots.end(), [&](int other) { return other < position; }));
  };
  const ConstHeads k = s.view(s.keys[0], s.G), v = s.view(s.values[0], s.G);
  const int g = h / (s.H / s.G);
  const std::vector<float> query = turned(s.view(s.queries[0], s.H).at(t, h), s.D, place(t));
  std::vector<float> p(slots.size());
  float most = -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const std::vector<float> key = turned(k.at(slots[i], g), s.D, place(slots[i]));
    float sum = 0.0F;
    for (int d = 0; d < s.D; ++d) sum += query[d] * key[d];
    p[i] = sum * (1.0F / math::sqrt(static_cast<float>(s.D)));
    most = std::max(most, p[i]);
  }
  std::array<float, 16> stripes = {};
  for (std::size_t i = 0; i < slots.size(); ++i) stripes[i % 16] += p[i] = math::exp(p[i] - most);
  for (std::size_t width = 8; width > 0; width /= 2) {
    for (std::size_t i = 0; i < width; ++i) stripes[i] += stripes[i + width];
  }
  std::vector<float> out(static_cast<std::size_t>(s.D), 0.0F);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    for (int d = 0; d < s.D; ++d) out[d] += p[i] * v.at(slots[i], g)[d];
  }
  for (float& o : out) o /= stripes[0];
  return out;
}

const Policy kStreams[] = {{.stream = true},
                           {.window = 20, .stream = true},
                           {.window = 13, .sinks = 4, .stream = true},
                           {.window = 1, .stream = true},
                           {.window = 1, .sinks = 1, .stream = true},
                           {.window = 32, .sinks = 16, .stream = true},
                           {.window = 57, .sinks = 9, .stream = true},
                           {.window = 17, .sinks = 2, .storage = Storage::kInt8, .stream = true},
                           {.window = 30, .sinks = 4, .storage = Storage::kFloat16, .stream = true}};

TEST(Stream, AttendsToWhatIsKeptAtItsPlacesBitForBit) {
  Threads threads(2);
  for (const auto& [H, G, D] : {std::array{4, 2, 10}, {2, 2, 16}, {3, 1, 32}}) {
    const Sequence s = sequence(H, G, D);
    for (const Policy& policy : kStreams) {
      if (policy.storage != Storage::kFloat32) continue;
      KvCache cache(sizes_of(s), policy);
      const auto got = run(s, cache, {1, 7, 64}, threads);
      std::vector<int> slots;
      for (int t = 0; t < kLong; ++t) {
        // The oldest behind the sinks makes room.
        if (t < cache.capacity()) {
          slots.push_back(t);
        } else {
          *std::min_element(slots.begin() + policy.sinks, slots.end()) = t;
        }
        for (int h = 0; h < H; ++h) {
          const float* out = s.view(got, H).at(t, h);
          ASSERT_EQ(std::vector<float>(out, out + D), slow(s, slots, t, h))
              << policy.window << " " << policy.sinks << " " << t;
        }
      }
    }
  }
}

TEST(Stream, HasTheBitsOfTheFullCacheWhileNothingIsEvicted) {
  const Sequence s = sequence(4, 2, 12);
  Threads threads(2);
  KvCache full(sizes_of(s), {}), cache(sizes_of(s), {.window = 20, .sinks = 40, .stream = true});
  std::vector<float> queries = s.queries[0], keys = s.keys[0], want(queries.size());
  const Heads q = attention::heads_view(queries.data(), kLong, 4, 12).block(0, kPositions);
  const Heads k = attention::heads_view(keys.data(), kLong, 2, 12).block(0, kPositions);
  const attention::RopeTable table(kPositions, 12);
  for (const Heads& heads : {q, k}) attention::rope(attention::best_rows(2), heads, 0, table, threads.pool);
  full.extend(0, q, k, s.view(s.values[0], 2).block(0, kPositions),
              attention::heads_view(want.data(), kLong, 4, 12).block(0, kPositions), threads.context,
              gemm::Mode::kExact);
  auto got = run(s, cache, {3, 1, 30}, threads, gemm::Mode::kExact, kPositions);
  got.resize(static_cast<std::size_t>(kPositions) * 4 * 12);
  want.resize(got.size());
  EXPECT_EQ(got, want);
  std::vector<float> key(12), value(12), other(12);
  for (int p = 0; p < kPositions; ++p) {
    cache.read(0, 1, p, key, value);
    full.read(0, 1, p, other, value);
    EXPECT_EQ(key, other);
  }
}

TEST(Stream, DependsOnNeitherChunksNorThreadsNorThePlatform) {
  const Sequence s = sequence(6, 3, 12);
  EXPECT_EQ(digest_without_chunks_and_threads(s, sizes_of(s), kStreams, {{kLong}, {16}, {1, 7, 0, 30}, {59, 2}}),
            "64155be8a31bb31f");
}

// Small storages round a key once: what is read 150 evictions later is the same number, turned by another angle.
TEST(Stream, RoundsAKeyOnceHoweverLongItStays) {
  const Sequence s = sequence(2, 1, 16);
  Threads threads(1);
  for (const Storage storage : {Storage::kFloat16, Storage::kInt8}) {
    KvCache cache(sizes_of(s), {.window = 20, .sinks = 4, .storage = storage, .stream = true});
    std::vector<float> early(16), late(16), value(16);
    run(s, cache, {1}, threads, gemm::Mode::kExact, 24);
    cache.read(0, 0, 2, early, value);
    run(s, cache, {1}, threads);
    cache.read(0, 0, 2, late, value);
    EXPECT_EQ(early, late);
    cache.read(0, 0, kLong - 3, late, value);
    const std::vector<float> exact = turned(s.view(s.keys[0], 1).at(kLong - 3, 0), 16, 21);
    const float most = storage == Storage::kInt8 ? 2.0F / 127 : 2.0F / 2048;  // two halves of a step, turned
    for (int d = 0; d < 16; ++d) EXPECT_NEAR(late[d], exact[d], most);
  }
}

TEST(Stream, AllocatesWhatItSaysToTheByteAndNothingMore) {
  const Sequence s = sequence(4, 2, 10);
  Threads threads(2);
  for (const Policy& policy : kStreams) {
    KvCache warm(sizes_of(s), policy);
    run(s, warm, {8}, threads);
    const std::size_t before = memory::figures().current;
    KvCache cache(sizes_of(s), policy);
    EXPECT_EQ(memory::figures().current - before, cache.footprint().total());
    EXPECT_EQ(footprint(sizes_of(s), policy).total(), cache.footprint().total());
    const std::size_t allocations = memory::figures().allocations;
    run(s, cache, {8}, threads);
    EXPECT_EQ(memory::figures().allocations, allocations);
    EXPECT_EQ(cache.kept(), cache.capacity());
  }
  // Beside keys and values: those of one layer as floats, the angles of a panel and of every place.
  const Sizes sizes{6, 3, 32, 256};
  EXPECT_EQ(footprint(sizes, {.window = 60, .sinks = 4, .stream = true}).workspace, 4U * 32 * (3 * 64 + 16 + 2 * 64));
  EXPECT_EQ(footprint(sizes, {.window = 60, .sinks = 4, .storage = Storage::kInt8, .stream = true}).workspace,
            4U * 32 * (2 * 3 * 64 + 16 + 2 * 64));
  EXPECT_EQ(footprint(sizes, {.window = 60, .sinks = 4}).workspace, 0U);
}

TEST(Stream, TakesAStepBackAndBeginsAgain) {
  const Sequence s = sequence(2, 1, 8);
  Threads threads(1);
  const Policy policy{.window = 10, .sinks = 2, .stream = true};
  KvCache once(sizes_of(s), policy), cache(sizes_of(s), policy);
  const auto want = run(s, once, {1}, threads);
  run(s, cache, {50}, threads, gemm::Mode::kExact, 150);
  EXPECT_FALSE(cache.can_truncate(148));
  cache.truncate(149);
  const auto rest = run(s, cache, {7}, threads);
  EXPECT_TRUE(std::equal(want.begin() + 149 * 16, want.end(), rest.begin() + 149 * 16));
  cache.reset();
  EXPECT_EQ(run(s, cache, {9}, threads), want);
}

TEST(Stream, RefusesByName) {
  const auto refused = [](const Sizes& sizes, const Policy& policy, const char* part) {
    const std::string message = message_of<std::invalid_argument>([&] { KvCache(sizes, policy); });
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(message_of<std::invalid_argument>([&] { footprint(sizes, policy); }), message);
  };
  refused({1, 1, 3, 8}, {.stream = true}, "heads of 3");
  refused({1, 1, 2, 8}, {.window = 1, .sinks = 8, .stream = true}, "fewer than 8 sinks");
  refused({1, 1, 2, 8}, {.guest = true, .stream = true}, "no kernels from outside");
}

}  // namespace
}  // namespace optlab::kvcache
