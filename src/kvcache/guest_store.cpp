#include <algorithm>

#include "core/buffer.h"
#include "core/error.h"
#include "kvcache/guest.h"
#include "kvcache/store.h"

namespace optlab::kvcache {
namespace {

using attention::ConstHeads;
using attention::Heads;

/// A token's vectors one after the other, as kernels read them. Returns where the next ones may go.
float* gather(const ConstHeads& from, int token, float* to) {
  for (int h = 0; h < from.heads; ++h) to = std::copy_n(from.at(token, h), from.size, to);
  return to;
}

/// Keys and values [layer, head, slot, D] in float32, for guests.
class GuestStore : public detail::Store {
 public:
  explicit GuestStore(const detail::Layout& layout)
      : layout_(layout), keys_(footprint(layout.sizes, layout.policy).keys / sizeof(float)), values_(keys_.size()) {}

  void extend(int layer, int start, const ConstHeads& q, const ConstHeads& k, const ConstHeads& v, const Heads& out,
              attention::Context& context, gemm::Mode mode) override;
  void read(int layer, int head, int position, int length, std::span<float> key, std::span<float> value) const override;

 private:
  /// Floats before this layer's and head's.
  std::size_t offset(int layer, int head) const {
    return layout_.block(layer, head) * static_cast<std::size_t>(layout_.sizes.head_size);
  }
  int slot_of(int position) const;
  void append(float* keys, float* values, const float* key, const float* value, int slot) const;

  const detail::Layout layout_;
  AlignedBuffer<float> keys_;
  AlignedBuffer<float> values_;
};

int GuestStore::slot_of(int position) const {
  const int window = layout_.policy.window, sinks = layout_.policy.sinks;
  // Without a window there is nothing to choose: the slots are the positions.
  const bool chooses = guest_slot_of && layout_.capacity == window + sinks;
  const int slot = chooses ? guest_slot_of(position, window, sinks) : layout_.slot_of(position);
  if (slot >= 0 && slot < layout_.capacity) return slot;
  throw_invalid(
      {"KvCache: the kernel puts position ", position, " into slot ", slot, "; there are 0 to ", layout_.capacity - 1});
}

/// A token's vectors into a slot of a layer's keys and values.
void GuestStore::append(float* keys, float* values, const float* key, const float* value, int slot) const {
  const int G = layout_.sizes.kv_heads, D = layout_.sizes.head_size;
  if (guest_kv_append) {
    int length = slot;
    const int taken = guest_kv_append(keys, values, &length, key, value, G, layout_.slots, D);
    if (taken != slot) throw_invalid({"KvCache: the kernel appended to slot ", taken, "; want ", slot});
    return;
  }
  for (int g = 0; g < G; ++g) {
    const std::ptrdiff_t to = (static_cast<std::ptrdiff_t>(g) * layout_.slots + slot) * D;
    std::copy_n(key + static_cast<std::ptrdiff_t>(g) * D, D, keys + to);
    std::copy_n(value + static_cast<std::ptrdiff_t>(g) * D, D, values + to);
  }
}

void GuestStore::extend(int layer, int start, const ConstHeads& q, const ConstHeads& k, const ConstHeads& v,
                        const Heads& out, attention::Context& context, gemm::Mode /*mode*/) {
  if (!guest_attend) throw_invalid({"KvCache: there is no kernel from outside to attend with"});
  const int H = q.heads, G = layout_.sizes.kv_heads, D = layout_.sizes.head_size;
  const auto vectors = static_cast<std::size_t>(2 * H + 2 * G) * static_cast<std::size_t>(D);
  const auto scores = static_cast<std::size_t>(H) * static_cast<std::size_t>(layout_.slots);
  context.scratch.reserve((vectors + scores) * sizeof(float));
  auto* const query = reinterpret_cast<float*>(context.scratch.data());
  float* const keys = keys_.data() + offset(layer, 0);
  float* const values = values_.data() + offset(layer, 0);
  for (int t = 0; t < k.tokens; ++t) {
    float* const key = gather(q, t, query);
    float* const value = gather(k, t, key);
    float* const result = gather(v, t, value);
    float* const scratch = result + static_cast<std::ptrdiff_t>(H) * D;
    append(keys, values, key, value, slot_of(start + t));
    const int seen = std::min(start + t + 1, layout_.capacity);
    guest_attend(query, keys, values, result, scratch, H, G, layout_.slots, D, seen);
    for (int h = 0; h < H; ++h) std::copy_n(result + static_cast<std::ptrdiff_t>(h) * D, D, out.at(t, h));
  }
}

void GuestStore::read(int layer, int head, int position, int /*length*/, std::span<float> key,
                      std::span<float> value) const {
  const std::size_t from = offset(layer, head) + static_cast<std::size_t>(slot_of(position)) * key.size();
  std::copy_n(keys_.data() + from, key.size(), key.data());
  std::copy_n(values_.data() + from, value.size(), value.data());
}

}  // namespace

std::unique_ptr<detail::Store> detail::make_guest_store(const Layout& layout) {
  return std::make_unique<GuestStore>(layout);
}

}  // namespace optlab::kvcache
