#include <algorithm>

#include "attention/rope_table.h"
#include "attention/row_ops.h"
#include "kvcache/panel_store.h"

namespace optlab::kvcache::detail {
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

/// Positions within the cache: attention sees the keys turned by their places.
class StreamStore : public PanelStore {
 public:
  explicit StreamStore(const Layout& layout);

  void read(int layer, int head, int position, int length, std::span<float> key, std::span<float> value) const override;
  void rotate(int start, const attention::Heads& q, parallel::ThreadPool& pool) const override;

 protected:
  Seen look(int layer, int seen, int latest) override;

 private:
  int place_of_slot(int slot, int latest) const;
  void turn(int layer, int seen, int latest);

  attention::RopeTable rope_;
  AlignedBuffer<float> turned_;  // keys [G·S·D] in panels, values [G·S·D] unless float32, a panel's angles
};

}  // namespace

StreamStore::StreamStore(const Layout& layout) : PanelStore(layout), rope_(layout.capacity, layout.sizes.head_size) {
  const Footprint bytes = footprint(layout.sizes, layout.policy);
  turned_ = AlignedBuffer<float>((bytes.workspace - rope_.bytes()) / sizeof(float));
}

/// The place of the token in a slot when the latest token has `latest`: behind it the oldest one stands.
int StreamStore::place_of_slot(int slot, int latest) const {
  const int sinks = layout_.policy.sinks;
  if (slot < sinks) return slot;
  return slot > latest ? sinks + slot - latest - 1 : layout_.capacity - 1 - (latest - slot);
}

void StreamStore::rotate(int start, const attention::Heads& q, parallel::ThreadPool& pool) const {
  const int capacity = layout_.capacity, straight = std::clamp(capacity - start, 0, q.tokens);
  const attention::RowVariant& rows = attention::best_rows(pool.threads());
  if (straight > 0) attention::rope(rows, q.block(0, straight), start, rope_, pool);
  for (int t = straight; t < q.tokens; ++t) attention::rope(rows, q.block(t, 1), capacity - 1, rope_, pool);
}

/// Makes the first `seen` slots of a layer what a query sees of them.
void StreamStore::turn(int layer, int seen, int latest) {
  const int G = layout_.sizes.kv_heads, D = layout_.sizes.head_size, pairs = D / 2;
  const std::ptrdiff_t head = head_stride();
  float* const turned = turned_.data();
  const float* from = is_plain() ? keys(layer) : turned;
  if (!is_plain()) {
    float* const values = turned + G * head;
    for (int g = 0; g < G; ++g) {
      attention::expand_stored(stored(layer), g, seen, D, turned + g * head, values + g * head);
    }
  }
  float* cosines = turned + turned_.size() - static_cast<std::ptrdiff_t>(kPanelKeys) * D;
  float* sines = cosines + static_cast<std::ptrdiff_t>(kPanelKeys) * pairs;
  for (int slot = 0; slot < seen; slot += kPanelKeys) {
    for (int lane = 0; lane < kPanelKeys; ++lane) {
      const int place = place_of_slot(std::min(slot + lane, layout_.capacity - 1), latest);
      for (int i = 0; i < pairs; ++i) {
        cosines[i * kPanelKeys + lane] = rope_.cosines(place)[2 * i];
        sines[i * kPanelKeys + lane] = rope_.sines(place)[2 * i + 1];
      }
    }
    const std::ptrdiff_t panel = static_cast<std::ptrdiff_t>(slot) * D;
    for (int g = 0; g < G; ++g) {
      turn_panel(from + g * head + panel, cosines, sines, pairs, turned + g * head + panel);
    }
  }
}

PanelStore::Seen StreamStore::look(int layer, int seen, int latest) {
  turn(layer, seen, latest);
  const float* const turned = turned_.data();
  return {turned, is_plain() ? values(layer) : turned + layout_.sizes.kv_heads * head_stride()};
}

void StreamStore::read(int layer, int head, int position, int length, std::span<float> key,
                       std::span<float> value) const {
  PanelStore::read(layer, head, position, length, key, value);
  const int evicted = std::max(length - layout_.capacity, 0);
  const int place = position < layout_.policy.sinks ? position : position - evicted;
  const float *cosines = rope_.cosines(place), *sines = rope_.sines(place);
  for (std::size_t i = 0; i < key.size(); i += 2) {
    const float a = key[i], b = key[i + 1];
    key[i] = a * cosines[i] - b * sines[i + 1];
    key[i + 1] = b * cosines[i + 1] + a * sines[i + 1];
  }
}

std::unique_ptr<Store> make_stream_store(const Layout& layout) { return std::make_unique<StreamStore>(layout); }

}  // namespace optlab::kvcache::detail
