#include "kvcache/panel_store.h"

#include <algorithm>
#include <cstdint>

#include "kvcache/rows.h"

namespace optlab::kvcache::detail {

using attention::ConstHeads;
using attention::Heads;
using attention::kPanelKeys;

PanelStore::PanelStore(const Layout& layout) : layout_(layout) {
  const Footprint bytes = footprint(layout.sizes, layout.policy);
  keys_ = AlignedBuffer<std::byte>(bytes.keys);
  values_ = AlignedBuffer<std::byte>(bytes.values);
  scales_ = AlignedBuffer<float>(bytes.scales / sizeof(float));
}

/// Tokens into slots `slot`, slot + 1, …
void PanelStore::write(int layer, const ConstHeads& k, const ConstHeads& v, int slot) {
  const int D = layout_.sizes.head_size;
  if (is_plain()) {
    attention::pack_keys(k, slot, reinterpret_cast<float*>(keys_.data()) + first(layer), head_stride());
  }
  for (int g = 0; g < layout_.sizes.kv_heads; ++g) {
    const std::size_t head = layout_.block(layer, g), all = layout_.block(layout_.sizes.layers, 0);
    for (int t = 0; t < k.tokens; ++t) {
      const std::size_t at = static_cast<std::size_t>(slot) + static_cast<std::size_t>(t);
      const std::size_t lane = at % kPanelKeys;
      const std::size_t key = (head + at - lane) * static_cast<std::size_t>(D) + lane;
      const std::size_t value = (head + at) * static_cast<std::size_t>(D);
      switch (layout_.policy.storage) {
        case Storage::kFloat32:
          std::copy_n(v.at(t, g), D, reinterpret_cast<float*>(values_.data()) + value);
          break;
        case Storage::kFloat16:
          finite_ &= encode(k.at(t, g), D, reinterpret_cast<std::uint16_t*>(keys_.data()) + key, kPanelKeys);
          finite_ &= encode(v.at(t, g), D, reinterpret_cast<std::uint16_t*>(values_.data()) + value, 1);
          break;
        case Storage::kInt8:
          scales_.data()[head + at] =
              encode(k.at(t, g), D, reinterpret_cast<std::int8_t*>(keys_.data()) + key, kPanelKeys);
          scales_.data()[all + head + at] =
              encode(v.at(t, g), D, reinterpret_cast<std::int8_t*>(values_.data()) + value, 1);
          break;
      }
    }
  }
}

attention::Stored PanelStore::stored(int layer) const {
  const std::size_t vectors = layout_.block(layer, 0), all = layout_.block(layout_.sizes.layers, 0);
  const std::size_t bytes = first(layer) * bytes_of(layout_.policy.storage);
  const bool scaled = layout_.policy.storage == Storage::kInt8;
  return {.storage = layout_.policy.storage,
          .keys = keys_.data() + bytes,
          .values = values_.data() + bytes,
          .head_stride = head_stride(),
          .key_scales = scaled ? scales_.data() + vectors : nullptr,
          .value_scales = scaled ? scales_.data() + all + vectors : nullptr,
          .scale_stride = layout_.slots,
          .finite = finite_};
}

PanelStore::Seen PanelStore::look(int layer, int /*seen*/, int /*latest*/) {
  return is_plain() ? Seen{keys(layer), values(layer)} : Seen{.stored = stored(layer)};
}

void PanelStore::extend(int layer, int start, const ConstHeads& q, const ConstHeads& k, const ConstHeads& v,
                        const Heads& out, attention::Context& context, gemm::Mode mode) {
  const int G = layout_.sizes.kv_heads, D = layout_.sizes.head_size, capacity = layout_.capacity;
  // Tokens begin … begin + count, and what queries see of the first `seen` slots.
  const auto attend = [&](int begin, int count, int seen, bool causal) {
    const int slot = layout_.slot_of(start + begin);
    write(layer, k.block(begin, count), v.block(begin, count), slot);
    const auto [keys, values, stored] = look(layer, seen, causal ? capacity - 1 : slot);
    attention::attend({.q = q.block(begin, count),
                       .k = {keys, seen, G, D, D, head_stride()},
                       .v = {values, seen, G, D, D, head_stride()},
                       .out = out.block(begin, count),
                       .causal = causal,
                       .first_query = causal ? start + begin : 0,
                       .k_panels = {keys, keys == nullptr ? 0 : head_stride()},
                       .stored = stored},
                      context, mode);
  };
  // While nothing is evicted slots are positions, and a mask says who sees what.
  const int straight = std::clamp(capacity - start, 0, k.tokens);
  if (straight > 0) attend(0, straight, start + straight, true);
  for (int t = straight; t < k.tokens; ++t) attend(t, 1, capacity, false);
}

void PanelStore::read(int layer, int head, int position, int /*length*/, std::span<float> key,
                      std::span<float> value) const {
  const int slot = layout_.slot_of(position);
  if (!is_plain()) return attention::read_stored(stored(layer), head, slot, key, value);
  const std::size_t D = key.size(), at = static_cast<std::size_t>(slot), lane = at % kPanelKeys;
  const float* keys = this->keys(layer) + head * head_stride() + (at - lane) * D + lane;
  const float* values = this->values(layer) + head * head_stride() + at * D;
  for (std::size_t d = 0; d < D; ++d) {
    key[d] = keys[d * kPanelKeys];
    value[d] = values[d];
  }
}

std::unique_ptr<Store> make_panel_store(const Layout& layout) { return std::make_unique<PanelStore>(layout); }

}  // namespace optlab::kvcache::detail
