#include <algorithm>

#include "attention/row_ops.h"
#include "kvcache/kv_cache.h"

/// Positions within the cache.
namespace optlab::kvcache {
namespace {

using attention::kPanelKeys;

/// A panel's keys, each by its own angle: attention/row_ops.h's rope, a pair of elements of 16 keys at a time. In place or
/// not; the arrays in between say that all is read before it is written.
void turn_panel(const float* from, const float* cosines, const float* sines, int pairs, float* to) noexcept {
  for (int i = 0; i < pairs; ++i) {
    float even[kPanelKeys], odd[kPanelKeys];
    for (int lane = 0; lane < kPanelKeys; ++lane) {
      const float a = from[lane], b = from[kPanelKeys + lane];
      even[lane] = a * cosines[lane] - b * sines[lane];
      odd[lane] = b * cosines[lane] + a * sines[lane];
    }
    std::copy_n(even, kPanelKeys, to);
    std::copy_n(odd, kPanelKeys, to + kPanelKeys);
    from += 2 * kPanelKeys;
    to += 2 * kPanelKeys;
    cosines += kPanelKeys;
    sines += kPanelKeys;
  }
}

}  // namespace

/// Of a token that is kept when there are `length`.
int KvCache::place_of(int position, int length) const {
  return position < policy_.sinks ? position : position - std::max(length - capacity_, 0);
}

/// The same by slots, of which the latest token has `latest`: behind it the oldest one stands.
int KvCache::place_of_slot(int slot, int latest) const {
  if (slot < policy_.sinks) return slot;
  return slot > latest ? policy_.sinks + slot - latest - 1 : capacity_ - 1 - (latest - slot);
}

void KvCache::rotate(int layer, const attention::Heads& q, parallel::ThreadPool& pool) const {
  const int start = length(layer), straight = std::clamp(capacity_ - start, 0, q.tokens);
  const attention::RowVariant& rows = attention::best_rows(pool.threads());
  if (straight > 0) attention::rope(rows, q.block(0, straight), start, rope_, pool);
  for (int t = straight; t < q.tokens; ++t) attention::rope(rows, q.block(t, 1), capacity_ - 1, rope_, pool);
}

/// Makes the first `seen` slots of a layer what a query sees of them.
void KvCache::turn(int layer, int seen, int latest) {
  const int D = sizes_.head_size, pairs = D / 2;
  const std::ptrdiff_t head = static_cast<std::ptrdiff_t>(slots_) * D;
  const bool plain = policy_.storage == Storage::kFloat32;
  const float* from = turned_.data();
  if (plain) {
    from = reinterpret_cast<const float*>(keys_.data()) + block(layer, 0) * static_cast<std::size_t>(D);
  } else {
    float* values = turned_.data() + sizes_.kv_heads * head;
    for (int g = 0; g < sizes_.kv_heads; ++g) {
      attention::expand_stored(stored(layer), g, seen, D, turned_.data() + g * head, values + g * head);
    }
  }
  float* cosines = turned_.data() + turned_.size() - static_cast<std::ptrdiff_t>(kPanelKeys) * D;
  float* sines = cosines + static_cast<std::ptrdiff_t>(kPanelKeys) * pairs;
  for (int slot = 0; slot < seen; slot += kPanelKeys) {
    for (int lane = 0; lane < kPanelKeys; ++lane) {
      const int place = place_of_slot(std::min(slot + lane, capacity_ - 1), latest);
      for (int i = 0; i < pairs; ++i) {
        cosines[i * kPanelKeys + lane] = rope_.cosines(place)[2 * i];
        sines[i * kPanelKeys + lane] = rope_.sines(place)[2 * i + 1];
      }
    }
    const std::ptrdiff_t panel = static_cast<std::ptrdiff_t>(slot) * D;
    for (int g = 0; g < sizes_.kv_heads; ++g) {
      turn_panel(from + g * head + panel, cosines, sines, pairs, turned_.data() + g * head + panel);
    }
  }
}

void KvCache::turn_key(int layer, int position, std::span<float> key) const {
  const int place = place_of(position, length(layer));
  const float *cosines = rope_.cosines(place), *sines = rope_.sines(place);
  for (std::size_t i = 0; i < key.size(); i += 2) {
    const float a = key[i], b = key[i + 1];
    key[i] = a * cosines[i] - b * sines[i + 1];
    key[i + 1] = b * cosines[i + 1] + a * sines[i + 1];
  }
}

}  // namespace optlab::kvcache
