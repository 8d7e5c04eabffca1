#include "kvcache/kv_cache.h"

#include <algorithm>
#include <array>
#include <limits>

#include "core/error.h"
#include "kvcache/store.h"

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

std::size_t detail::bytes_of(Storage storage) { return entry(storage).bytes; }

detail::Layout::Layout(const Sizes& of, const Policy& by) : sizes(of), policy(by) {
  check(of, by);
  capacity = capacity_of(of, by);
  slots = whole_panels(capacity);
}

Footprint footprint(const Sizes& sizes, const Policy& policy) {
  const detail::Layout layout(sizes, policy);
  checked_element_count("KvCache", {sizes.layers, sizes.kv_heads, layout.slots, sizes.head_size});
  const std::size_t vectors = static_cast<std::size_t>(sizes.kv_heads) * static_cast<std::size_t>(layout.slots);
  const std::size_t numbers = vectors * static_cast<std::size_t>(sizes.head_size);
  const auto layers = static_cast<std::size_t>(sizes.layers);
  Footprint result;
  result.keys = result.values = layers * numbers * entry(policy.storage).bytes;
  if (policy.storage == Storage::kInt8) result.scales = 2 * layers * vectors * sizeof(float);
  if (policy.stream) {
    const std::size_t copies = policy.storage == Storage::kFloat32 ? 1 : 2;
    const std::size_t angles = static_cast<std::size_t>(kPanelKeys) * static_cast<std::size_t>(sizes.head_size);
    const auto table = static_cast<std::size_t>(layout.capacity) * static_cast<std::size_t>(sizes.head_size);
    result.workspace = (copies * numbers + angles + 2 * table) * sizeof(float);
  }
  return result;
}

KvCache::KvCache(const Sizes& sizes, const Policy& policy)
    : layout_(sizes, policy), lengths_(static_cast<std::size_t>(sizes.layers), 0) {
  store_ = policy.guest    ? detail::make_guest_store(layout_)
           : policy.stream ? detail::make_stream_store(layout_)
                           : detail::make_panel_store(layout_);
}
KvCache::KvCache(KvCache&& other) noexcept = default;
KvCache& KvCache::operator=(KvCache&& other) noexcept = default;
KvCache::~KvCache() = default;

int KvCache::most_tokens() const { return policy().stream ? std::numeric_limits<int>::max() : sizes().positions; }

int KvCache::kept() const { return std::min(length(), capacity()); }

std::size_t KvCache::bytes_in_use() const {
  const std::size_t vector = static_cast<std::size_t>(sizes().head_size) * entry(policy().storage).bytes +
                             (policy().storage == Storage::kInt8 ? sizeof(float) : 0);
  return 2 * vector * static_cast<std::size_t>(sizes().layers) * static_cast<std::size_t>(sizes().kv_heads) *
         static_cast<std::size_t>(kept());
}

int detail::Layout::slot_of(int position) const {
  if (position < capacity) return position;
  return policy.sinks + (position - policy.sinks) % (capacity - policy.sinks);
}

bool KvCache::holds(int position) const {
  if (position < 0 || position >= length()) return false;
  return position < std::min(policy().sinks, capacity()) || length() <= capacity() ||
         position >= length() - (capacity() - policy().sinks);
}

bool KvCache::can_truncate(int length) const {
  if (length < 0) return false;
  const int longest = *std::max_element(lengths_.begin(), lengths_.end());
  if (length > *std::min_element(lengths_.begin(), lengths_.end())) return false;
  // The next token takes the slot of the one that is forgotten, so that one step back is always possible.
  return length == 0 || longest <= capacity() || length >= longest - 1;
}

void KvCache::truncate(int length) {
  if (!can_truncate(length)) {
    throw_invalid({"KvCache: truncating ", this->length(), " tokens to ", length,
                   "; want fewer than there are, and nothing that a window of ", policy().window, " and ",
                   policy().sinks, " sinks has evicted"});
  }
  std::fill(lengths_.begin(), lengths_.end(), length);
  if (length == 0) store_->clear();
}

void KvCache::check(int layer, const ConstHeads& q, const ConstHeads& k, const ConstHeads& v, const Heads& out) const {
  if (layer < 0 || layer >= sizes().layers) {
    throw_invalid({"KvCache: layer ", layer, "; there are 0 to ", sizes().layers - 1});
  }
  if (const std::string_view wrong = shape_error(q, k, v, out); !wrong.empty()) {
    throw_invalid({"KvCache: layer ", layer, ": Q, K, V and O differ in ", wrong});
  }
  if (k.heads != sizes().kv_heads || k.size != sizes().head_size || q.heads % sizes().kv_heads != 0) {
    throw_invalid({"KvCache: layer ", layer, ": K has ", k.heads, " heads of ", k.size, ", Q ", q.heads,
                   "; the cache has ", sizes().kv_heads, " of ", sizes().head_size,
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

void KvCache::rotate(int layer, const Heads& q, parallel::ThreadPool& pool) const {
  store_->rotate(length(layer), q, pool);
}

void KvCache::extend(int layer, const ConstHeads& q, const ConstHeads& k, const ConstHeads& v, const Heads& out,
                     attention::Context& context, gemm::Mode mode) {
  check(layer, q, k, v, out);
  store_->extend(layer, length(layer), q, k, v, out, context, mode);
  lengths_[static_cast<std::size_t>(layer)] += k.tokens;
}

void KvCache::read(int layer, int head, int position, std::span<float> key, std::span<float> value) const {
  const auto D = static_cast<std::size_t>(sizes().head_size);
  if (layer < 0 || layer >= sizes().layers || head < 0 || head >= sizes().kv_heads || !holds(position) ||
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
                   sizes().layers,
                   " layers and ",
                   sizes().kv_heads,
                   " heads of ",
                   sizes().head_size});
  }
  store_->read(layer, head, position, length(layer), key, value);
}

}  // namespace optlab::kvcache
