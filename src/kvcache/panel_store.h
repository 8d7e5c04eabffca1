#pragma once

#include "core/buffer.h"
#include "kvcache/store.h"

namespace optlab::kvcache::detail {

/// Keys and values as attention reads them: KvCache's layout.
class PanelStore : public Store {
 public:
  explicit PanelStore(const Layout& layout);

  void extend(int layer, int start, const attention::ConstHeads& q, const attention::ConstHeads& k,
              const attention::ConstHeads& v, const attention::Heads& out, attention::Context& context,
              gemm::Mode mode) override;
  void read(int layer, int head, int position, int length, std::span<float> key, std::span<float> value) const override;
  void clear() override { finite_ = true; }

 protected:
  /// Keys [G, seen, D] in panels and values as floats, or `stored` instead.
  struct Seen {
    const float* keys = nullptr;
    const float* values = nullptr;
    attention::Stored stored = {};
  };
  /// What queries see of a layer's first `seen` slots, of which the latest token has `latest`. Valid until the next call.
  virtual Seen look(int layer, int seen, int latest);

  bool is_plain() const { return layout_.policy.storage == Storage::kFloat32; }
  std::ptrdiff_t head_stride() const { return static_cast<std::ptrdiff_t>(layout_.slots) * layout_.sizes.head_size; }
  /// The keys or values of a layer that are kept as float32.
  const float* keys(int layer) const { return reinterpret_cast<const float*>(keys_.data()) + first(layer); }
  const float* values(int layer) const { return reinterpret_cast<const float*>(values_.data()) + first(layer); }
  /// The keys or values of a layer that are kept in fewer bits.
  attention::Stored stored(int layer) const;

  const Layout layout_;

 private:
  std::size_t first(int layer) const {
    return layout_.block(layer, 0) * static_cast<std::size_t>(layout_.sizes.head_size);
  }
  void write(int layer, const attention::ConstHeads& k, const attention::ConstHeads& v, int slot);

  AlignedBuffer<std::byte> keys_;
  AlignedBuffer<std::byte> values_;
  AlignedBuffer<float> scales_;
  bool finite_ = true;  // of kFloat16: no infinity or NaN was stored since the last reset
};

}  // namespace optlab::kvcache::detail
