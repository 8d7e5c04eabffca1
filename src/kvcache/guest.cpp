#include "kvcache/guest.h"

#include <algorithm>

#include "core/error.h"
#include "kvcache/kv_cache.h"

namespace optlab::kvcache {
namespace {

Guest installed;

/// A token's vectors one after the other, as kernels read them. Returns where the next ones may go.
float* gather(const attention::ConstHeads& from, int token, float* to) {
  for (int h = 0; h < from.heads; ++h) to = std::copy_n(from.at(token, h), from.size, to);
  return to;
}

}  // namespace

void set_guest(const Guest& guest) { installed = guest; }

const Guest& guest() { return installed; }

int KvCache::guest_slot(int position) const {
  // Without a window there is nothing to choose: the slots are the positions.
  const bool chooses = installed.slot_of != nullptr && capacity_ == policy_.window + policy_.sinks;
  const int slot = chooses ? installed.slot_of(position, policy_.window, policy_.sinks) : slot_of(position);
  if (slot >= 0 && slot < capacity_) return slot;
  throw_invalid(
      {"KvCache: the kernel puts position ", position, " into slot ", slot, "; there are 0 to ", capacity_ - 1});
}

void KvCache::extend_by_guest(int layer, const attention::ConstHeads& q, const attention::ConstHeads& k,
                              const attention::ConstHeads& v, const attention::Heads& out,
                              attention::Context& context) {
  if (installed.attend == nullptr) throw_invalid({"KvCache: there is no kernel from outside to attend with"});
  const int H = q.heads, G = sizes_.kv_heads, D = sizes_.head_size;
  const auto vectors = static_cast<std::size_t>(2 * H + 2 * G) * static_cast<std::size_t>(D);
  const auto scores = static_cast<std::size_t>(H) * static_cast<std::size_t>(slots_);
  context.scratch.reserve((vectors + scores) * sizeof(float));
  auto* const query = reinterpret_cast<float*>(context.scratch.data());
  const std::size_t first = block(layer, 0) * static_cast<std::size_t>(D);
  auto* const keys = reinterpret_cast<float*>(keys_.data()) + first;
  auto* const values = reinterpret_cast<float*>(values_.data()) + first;
  for (int t = 0; t < k.tokens; ++t) {
    float* const key = gather(q, t, query);
    float* const value = gather(k, t, key);
    float* const result = gather(v, t, value);
    float* const scratch = result + static_cast<std::ptrdiff_t>(H) * D;
    const int position = length(layer) + t, slot = guest_slot(position);
    if (installed.append != nullptr) {
      int length = slot;
      const int taken = installed.append(keys, values, &length, key, value, G, slots_, D);
      if (taken != slot) throw_invalid({"KvCache: the kernel appended to slot ", taken, "; want ", slot});
    } else {
      for (int g = 0; g < G; ++g) {
        const std::ptrdiff_t to = (static_cast<std::ptrdiff_t>(g) * slots_ + slot) * D;
        std::copy_n(key + static_cast<std::ptrdiff_t>(g) * D, D, keys + to);
        std::copy_n(value + static_cast<std::ptrdiff_t>(g) * D, D, values + to);
      }
    }
    installed.attend(query, keys, values, result, scratch, H, G, slots_, D, std::min(position + 1, capacity_));
    for (int h = 0; h < H; ++h) std::copy_n(result + static_cast<std::ptrdiff_t>(h) * D, D, out.at(t, h));
  }
}

void KvCache::read_of_guest(int layer, int head, int position, std::span<float> key, std::span<float> value) const {
  const auto D = static_cast<std::size_t>(sizes_.head_size);
  const std::size_t from = (block(layer, head) + static_cast<std::size_t>(guest_slot(position))) * D;
  std::copy_n(reinterpret_cast<const float*>(keys_.data()) + from, D, key.data());
  std::copy_n(reinterpret_cast<const float*>(values_.data()) + from, D, value.data());
}

}  // namespace optlab::kvcache
