#include "kvcache/guest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "core/rng.h"
#include "kvcache/kv_cache.h"

namespace optlab::kvcache {
namespace {

constexpr int kTokens = 40, kLayers = 2, kHeads = 6, kKvHeads = 2, kSize = 5;
int attended = 0, appended = 0, asked = 0;

void attend(const float* q, const float* keys, const float* values, float* out, float* scratch, int heads, int kv_heads,
            int capacity, int head_size, int length) {
  ++attended;
  for (int h = 0; h < heads; ++h) {
    const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(h / (heads / kv_heads)) * capacity * head_size;
    float largest = -INFINITY, sum = 0.0F;
    for (int p = 0; p < length; ++p) {
      scratch[p] = 0.0F;
      for (int d = 0; d < head_size; ++d) scratch[p] += q[h * head_size + d] * keys[first + p * head_size + d];
      scratch[p] /= std::sqrt(static_cast<float>(head_size));
      largest = std::max(largest, scratch[p]);
    }
    for (int p = 0; p < length; ++p) sum += scratch[p] = std::exp(scratch[p] - largest);
    for (int d = 0; d < head_size; ++d) {
      float mixed = 0.0F;
      for (int p = 0; p < length; ++p) mixed += scratch[p] * values[first + p * head_size + d];
      out[h * head_size + d] = mixed / sum;
    }
  }
}

int append(float* keys, float* values, int* length, const float* key, const float* value, int kv_heads, int capacity,
           int head_size) {
  ++appended;
  for (int g = 0; g < kv_heads; ++g) {
    const int to = (g * capacity + *length) * head_size;
    std::copy_n(key + g * head_size, head_size, keys + to);
    std::copy_n(value + g * head_size, head_size, values + to);
  }
  return (*length)++;
}

int slot_of(int position, int window, int sinks) {
  ++asked;
  return position < window + sinks ? position : sinks + (position - sinks) % window;
}

class KvGuestTest : public testing::Test {
 protected:
  void SetUp() override {
    attended = appended = asked = 0;
    std::uint32_t stream = 0;
    for (auto [numbers, heads] : {std::pair(&q_, kHeads), std::pair(&k_, kKvHeads), std::pair(&v_, kKvHeads)}) {
      numbers->resize(std::size_t{kTokens * kSize} * static_cast<std::size_t>(heads));
      Rng(7, stream++).fill_uniform(*numbers, -2.0F, 2.0F);
    }
  }
  void TearDown() override { guest::clear(); }

  /// So many of attend, append and slot_of.
  static void install(int guests) {
    guest::clear();
    guest_attend.install(attend);
    if (guests > 1) guest_kv_append.install(append);
    if (guests > 2) guest_slot_of.install(slot_of);
  }
  /// Of tokens begin … end, in both layers; the second layer has what the first has.
  std::vector<float> extend(KvCache& cache, int begin, int end) {
    std::vector<float> out(std::size_t{kHeads * kSize} * static_cast<std::size_t>(end - begin));
    const auto view = [&](const std::vector<float>& of, int heads) {
      return attention::heads_view<const float>(of.data(), kTokens, heads, kSize).block(begin, end - begin);
    };
    for (int l = 0; l < kLayers; ++l) {
      cache.extend(l, view(q_, kHeads), view(k_, kKvHeads), view(v_, kKvHeads),
                   attention::heads_view(out.data(), end - begin, kHeads, kSize), context_, gemm::Mode::kExact);
    }
    return out;
  }
  void expect_near(const std::vector<float>& got, const std::vector<float>& want) {
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 2e-6F) << i;
  }

  std::vector<float> q_, k_, v_;
  Sizes sizes_{kLayers, kKvHeads, kSize, kTokens};
  parallel::ThreadPool pool_{1};
  Arena scratch_;
  attention::Context context_{pool_, scratch_};
};

TEST_F(KvGuestTest, GivesWhatTheLibraryGives) {
  for (const Policy policy : {Policy{}, Policy{9, 2}, Policy{1, 0}}) {
    for (const int guests : {1, 2, 3}) {
      install(guests);
      Policy by_guests = policy;
      by_guests.guest = true;
      KvCache library(sizes_, policy), theirs(sizes_, by_guests);
      expect_near(extend(theirs, 0, 15), extend(library, 0, 15));
      expect_near(extend(theirs, 15, 16), extend(library, 15, 16));
      expect_near(extend(theirs, 16, kTokens), extend(library, 16, kTokens));
      EXPECT_EQ(theirs.footprint().total(), library.footprint().total());
      std::vector<float> a(kSize), b(kSize), c(kSize), d(kSize);
      for (int position = 0; position < kTokens; ++position) {
        if (!library.holds(position)) continue;
        library.read(1, 1, position, a, b);
        theirs.read(1, 1, position, c, d);
        EXPECT_EQ(a, c);
        EXPECT_EQ(b, d);
      }
    }
  }
  EXPECT_EQ(attended, 9 * kLayers * kTokens);
  EXPECT_EQ(appended, 6 * kLayers * kTokens);
  EXPECT_GT(asked, 0);
}

TEST_F(KvGuestTest, GoesBack) {
  install(3);
  KvCache cache(sizes_, {.guest = true});
  const std::vector<float> before = extend(cache, 0, 20);
  extend(cache, 20, 30);
  cache.truncate(0);
  EXPECT_EQ(extend(cache, 0, 20), before);
}

TEST_F(KvGuestTest, RefusesWhatCannotBe) {
  KvCache cache(sizes_, {.guest = true});
  EXPECT_THROW(extend(cache, 0, 1), std::invalid_argument);  // nobody attends
  EXPECT_THROW(KvCache(sizes_, {.storage = Storage::kInt8, .guest = true}), std::invalid_argument);
  install(1);
  guest_slot_of.install([](int position, int, int) { return position; });
  KvCache window(sizes_, {.window = 4, .guest = true});
  EXPECT_THROW(extend(window, 0, 5), std::invalid_argument);  // slot 4 of 4
  install(1);
  guest_kv_append.install([](float*, float*, int*, const float*, const float*, int, int, int) { return -1; });
  EXPECT_THROW(extend(cache, 0, 1), std::invalid_argument);
}

}  // namespace
}  // namespace optlab::kvcache
