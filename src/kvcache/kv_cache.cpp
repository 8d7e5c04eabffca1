#include "kvcache/kv_cache.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "core/error.h"
#include "kvcache/rows.h"

namespace optlab::kvcache {
namespace {

using attention::ConstHeads;
using attention::Heads;
using attention::kPanelKeys;

struct Name {
  Storage storage;
  std::string_view name;
  std::size_t bytes;  // a number
};
constexpr std::array<Name, 3> kStorages = {
    {{Storage::kFloat32, "f32", 4}, {Storage::kFloat16, "fp16", 2}, {Storage::kInt8, "int8", 1}}};

const Name& entry(Storage storage) { return kStorages[static_cast<std::size_t>(storage)]; }

void check(const Sizes& s, const Policy& p) {
  if (s.layers < 1 || s.kv_heads < 1 || s.head_size < 1 || s.positions < 1) {
    throw_invalid({"KvCache: ", s.layers, " layers, ", s.kv_heads, " heads of ", s.head_size, ", ", s.positions,
                   " positions; want each >= 1"});
  }
  if (p.window < 0 || p.sinks < 0 || (p.window == 0 && p.sinks > 0)) {
    throw_invalid({"KvCache: a window of ", p.window, " and ", p.sinks,
                   " sinks; want a window >= 0, and sinks >= 0 only beside a window"});
  }
  if (p.guest && p.storage != Storage::kFloat32) {
    throw_invalid({"KvCache: kernels from outside read f32, not ", name_of(p.storage)});
  }
  if (p.stream && (p.guest || s.head_size % 2 != 0 || p.sinks >= s.positions)) {
    throw_invalid({"KvCache: a stream with heads of ", s.head_size, " and ", p.sinks,
                   " sinks; want an even size, fewer than ", s.positions, " sinks and no kernels from outside"});
  }
}

int capacity_of(const Sizes& sizes, const Policy& policy) {
  check(sizes, policy);
  if (policy.window == 0 || policy.window >= sizes.positions - std::min(policy.sinks, sizes.positions)) {
    return sizes.positions;
  }
  return policy.window + policy.sinks;
}

int whole_panels(int keys) { return (keys + kPanelKeys - 1) / kPanelKeys * kPanelKeys; }

std::string_view shape_error(const ConstHeads& q, const ConstHeads& k, const ConstHeads& v, const Heads& out) {
  if (k.tokens != q.tokens || v.tokens != q.tokens || out.tokens != q.tokens) return "tokens";
  if (v.heads != k.heads || out.heads != q.heads) return "heads";
  if (q.size != k.size || v.size != k.size || out.size != k.size) return "head sizes";
  return {};
}

}  // namespace

std::string_view name_of(Storage storage) { return entry(storage).name; }

Storage storage_named(std::string_view name) {
  for (const Name& each : kStorages) {
    if (each.name == name) return each.storage;
  }
  throw_invalid({"KvCache: no storage is called '", name, "'; there are f32, fp16, int8"});
}

Footprint footprint(const Sizes& sizes, const Policy& policy) {
  const int slots = whole_panels(capacity_of(sizes, policy));
  checked_element_count("KvCache", {sizes.layers, sizes.kv_heads, slots, sizes.head_size});
  const std::size_t vectors = static_cast<std::size_t>(sizes.kv_heads) * static_cast<std::size_t>(slots);
  const std::size_t numbers = vectors * static_cast<std::size_t>(sizes.head_size);
  const auto layers = static_cast<std::size_t>(sizes.layers);
  Footprint result;
  result.keys = result.values = layers * numbers * entry(policy.storage).bytes;
  if (policy.storage == Storage::kInt8) result.scales = 2 * layers * vectors * sizeof(float);
  if (policy.stream) {
    const std::size_t copies = policy.storage == Storage::kFloat32 ? 1 : 2;
    const std::size_t angles = static_cast<std::size_t>(kPanelKeys) * static_cast<std::size_t>(sizes.head_size);
    const auto table = static_cast<std::size_t>(capacity_of(sizes, policy)) * static_cast<std::size_t>(sizes.head_size);
    result.workspace = (copies * numbers + angles + 2 * table) * sizeof(float);
  }
  return result;
}

KvCache::KvCache(const Sizes& sizes, const Policy& policy)
    : sizes_(sizes),
      policy_(policy),
      capacity_(capacity_of(sizes, policy)),
      slots_(whole_panels(capacity_)),
      lengths_(static_cast<std::size_t>(sizes.layers), 0) {
  const Footprint bytes = kvcache::footprint(sizes, policy);
  keys_ = AlignedBuffer<std::byte>(bytes.keys);
  values_ = AlignedBuffer<std::byte>(bytes.values);
  scales_ = AlignedBuffer<float>(bytes.scales / sizeof(float));
  if (!policy.stream) return;
  rope_ = attention::RopeTable(capacity_, sizes.head_size);
  turned_ = AlignedBuffer<float>((bytes.workspace - rope_.bytes()) / sizeof(float));
}

Footprint KvCache::footprint() const {
  return {keys_.size(), values_.size(), scales_.span().size_bytes(), turned_.span().size_bytes() + rope_.bytes()};
}

int KvCache::most_tokens() const { return policy_.stream ? std::numeric_limits<int>::max() : sizes_.positions; }

int KvCache::kept() const { return std::min(length(), capacity_); }

std::size_t KvCache::bytes_in_use() const {
  const std::size_t vector = static_cast<std::size_t>(sizes_.head_size) * entry(policy_.storage).bytes +
                             (policy_.storage == Storage::kInt8 ? sizeof(float) : 0);
  return 2 * vector * static_cast<std::size_t>(sizes_.layers) * static_cast<std::size_t>(sizes_.kv_heads) *
         static_cast<std::size_t>(kept());
}

int KvCache::slot_of(int position) const {
  if (position < capacity_) return position;
  return policy_.sinks + (position - policy_.sinks) % (capacity_ - policy_.sinks);
}

bool KvCache::holds(int position) const {
  if (position < 0 || position >= length()) return false;
  return position < std::min(policy_.sinks, capacity_) || length() <= capacity_ ||
         position >= length() - (capacity_ - policy_.sinks);
}

bool KvCache::can_truncate(int length) const {
  if (length < 0) return false;
  const int longest = *std::max_element(lengths_.begin(), lengths_.end());
  if (length > *std::min_element(lengths_.begin(), lengths_.end())) return false;
  // The next token takes the slot of the one that is forgotten, so that one step back is always possible.
  return length == 0 || longest <= capacity_ || length >= longest - 1;
}

void KvCache::truncate(int length) {
  if (!can_truncate(length)) {
    throw_invalid({"KvCache: truncating ", this->length(), " tokens to ", length,
                   "; want fewer than there are, and nothing that a window of ", policy_.window, " and ", policy_.sinks,
                   " sinks has evicted"});
  }
  std::fill(lengths_.begin(), lengths_.end(), length);
  if (length == 0) finite_ = true;
}

std::size_t KvCache::block(int layer, int head) const {
  return (static_cast<std::size_t>(layer) * static_cast<std::size_t>(sizes_.kv_heads) +
          static_cast<std::size_t>(head)) *
         static_cast<std::size_t>(slots_);
}

void KvCache::check(int layer, const ConstHeads& q, const ConstHeads& k, const ConstHeads& v, const Heads& out) const {
  if (layer < 0 || layer >= sizes_.layers) {
    throw_invalid({"KvCache: layer ", layer, "; there are 0 to ", sizes_.layers - 1});
  }
  if (const std::string_view wrong = shape_error(q, k, v, out); !wrong.empty()) {
    throw_invalid({"KvCache: layer ", layer, ": Q, K, V and O differ in ", wrong});
  }
  if (k.heads != sizes_.kv_heads || k.size != sizes_.head_size || q.heads % sizes_.kv_heads != 0) {
    throw_invalid({"KvCache: layer ", layer, ": K has ", k.heads, " heads of ", k.size, ", Q ", q.heads,
                   "; the cache has ", sizes_.kv_heads, " of ", sizes_.head_size,
                   ", and Q must have a multiple of that many"});
  }
  if (k.tokens < 0 || k.tokens > most_tokens() - length(layer)) {
    throw_invalid({"KvCache: layer ", layer, ": ", k.tokens, " tokens after ", length(layer),
                   "; the cache is for sequences of ", most_tokens()});
  }
  if (k.tokens > 0 && (q.data == nullptr || k.data == nullptr || v.data == nullptr || out.data == nullptr)) {
    throw_invalid({"KvCache: layer ", layer, ": Q, K, V or O has no data"});
  }
}

/// Tokens into slots `slot`, slot + 1, …
void KvCache::write(int layer, const ConstHeads& k, const ConstHeads& v, int slot) {
  const int D = sizes_.head_size;
  if (policy_.storage == Storage::kFloat32) {
    auto* keys = reinterpret_cast<float*>(keys_.data()) + block(layer, 0) * static_cast<std::size_t>(D);
    attention::pack_keys(k, slot, keys, static_cast<std::ptrdiff_t>(slots_) * D);
  }
  for (int g = 0; g < sizes_.kv_heads; ++g) {
    const std::size_t head = block(layer, g), all = block(sizes_.layers, 0);
    for (int t = 0; t < k.tokens; ++t) {
      const std::size_t at = static_cast<std::size_t>(slot) + static_cast<std::size_t>(t);
      const std::size_t lane = at % kPanelKeys;
      const std::size_t key = (head + at - lane) * static_cast<std::size_t>(D) + lane;
      const std::size_t value = (head + at) * static_cast<std::size_t>(D);
      switch (policy_.storage) {
        case Storage::kFloat32:
          std::copy_n(v.at(t, g), D, reinterpret_cast<float*>(values_.data()) + value);
          break;
        case Storage::kFloat16:
          finite_ &= detail::encode(k.at(t, g), D, reinterpret_cast<std::uint16_t*>(keys_.data()) + key, kPanelKeys);
          finite_ &= detail::encode(v.at(t, g), D, reinterpret_cast<std::uint16_t*>(values_.data()) + value, 1);
          break;
        case Storage::kInt8:
          scales_.data()[head + at] =
              detail::encode(k.at(t, g), D, reinterpret_cast<std::int8_t*>(keys_.data()) + key, kPanelKeys);
          scales_.data()[all + head + at] =
              detail::encode(v.at(t, g), D, reinterpret_cast<std::int8_t*>(values_.data()) + value, 1);
          break;
      }
    }
  }
}

/// What attention reads of a layer, where that isn't float32.
attention::Stored KvCache::stored(int layer) const {
  if (policy_.storage == Storage::kFloat32) return {};
  const std::size_t first = block(layer, 0), all = block(sizes_.layers, 0);
  const std::size_t bytes = first * static_cast<std::size_t>(sizes_.head_size) * entry(policy_.storage).bytes;
  const bool scaled = policy_.storage == Storage::kInt8;
  return {.storage = policy_.storage,
          .keys = keys_.data() + bytes,
          .values = values_.data() + bytes,
          .head_stride = static_cast<std::ptrdiff_t>(slots_) * sizes_.head_size,
          .key_scales = scaled ? scales_.data() + first : nullptr,
          .value_scales = scaled ? scales_.data() + all + first : nullptr,
          .scale_stride = slots_,
          .finite = finite_};
}

void KvCache::extend(int layer, const ConstHeads& q, const ConstHeads& k, const ConstHeads& v, const Heads& out,
                     attention::Context& context, gemm::Mode mode) {
  check(layer, q, k, v, out);
  if (policy_.guest) {
    extend_by_guest(layer, q, k, v, out, context);
    lengths_[static_cast<std::size_t>(layer)] += k.tokens;
    return;
  }
  const int D = sizes_.head_size, start = length(layer);
  const bool plain = policy_.storage == Storage::kFloat32, whole = plain || policy_.stream;
  const std::size_t first = plain ? block(layer, 0) * static_cast<std::size_t>(D) : 0;
  const std::ptrdiff_t head_stride = static_cast<std::ptrdiff_t>(slots_) * D;
  const float* keys = plain ? reinterpret_cast<const float*>(keys_.data()) + first : nullptr;
  const float* values = plain ? reinterpret_cast<const float*>(values_.data()) + first : nullptr;
  if (policy_.stream) {
    keys = turned_.data();
    if (!plain) values = keys + sizes_.kv_heads * head_stride;
  }
  // Tokens begin … begin + count, and what queries see of the first `seen` slots.
  const auto attend = [&](int begin, int count, int seen, bool causal) {
    const int slot = slot_of(start + begin);
    write(layer, k.block(begin, count), v.block(begin, count), slot);
    if (policy_.stream) turn(layer, seen, causal ? capacity_ - 1 : slot);
    const ConstHeads all_keys{keys, seen, sizes_.kv_heads, D, D, head_stride};
    const ConstHeads all_values{values, seen, sizes_.kv_heads, D, D, head_stride};
    attention::attend({.q = q.block(begin, count),
                       .k = all_keys,
                       .v = all_values,
                       .out = out.block(begin, count),
                       .causal = causal,
                       .first_query = causal ? start + begin : 0,
                       .k_panels = {keys, whole ? head_stride : 0},
                       .stored = whole ? attention::Stored{} : stored(layer)},
                      context, mode);
  };
  // While nothing is evicted slots are positions, and a mask says who sees what.
  const int straight = std::clamp(capacity_ - start, 0, k.tokens);
  if (straight > 0) attend(0, straight, start + straight, true);
  for (int t = straight; t < k.tokens; ++t) attend(t, 1, capacity_, false);
  lengths_[static_cast<std::size_t>(layer)] += k.tokens;
}

void KvCache::read(int layer, int head, int position, std::span<float> key, std::span<float> value) const {
  const auto D = static_cast<std::size_t>(sizes_.head_size);
  if (layer < 0 || layer >= sizes_.layers || head < 0 || head >= sizes_.kv_heads || !holds(position) ||
      position >= length(layer) || key.size() != D || value.size() != D) {
    throw_invalid({"KvCache: position ",
                   position,
                   " of layer ",
                   layer,
                   ", head ",
                   head,
                   " to ",
                   key.size(),
                   " and ",
                   value.size(),
                   " floats; there are ",
                   length(),
                   " tokens, of which ",
                   kept(),
                   " are kept, ",
                   sizes_.layers,
                   " layers and ",
                   sizes_.kv_heads,
                   " heads of ",
                   sizes_.head_size});
  }
  if (policy_.guest) return read_of_guest(layer, head, position, key, value);
  const int slot = slot_of(position);
  if (policy_.storage != Storage::kFloat32) {
    attention::read_stored(stored(layer), head, slot, key, value);
  } else {
    const auto at = static_cast<std::size_t>(slot), lane = at % kPanelKeys;
    const float* keys = reinterpret_cast<const float*>(keys_.data()) + (block(layer, head) + at - lane) * D + lane;
    const float* values = reinterpret_cast<const float*>(values_.data()) + (block(layer, head) + at) * D;
    for (std::size_t d = 0; d < D; ++d) {
      key[d] = keys[d * kPanelKeys];
      value[d] = values[d];
    }
  }
  if (policy_.stream) turn_key(layer, position, key);
}

}  // namespace optlab::kvcache
