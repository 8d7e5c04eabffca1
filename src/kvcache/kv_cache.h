#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "attention/attention.h"

/// Keys and values of the tokens so far, so that a step of generation computes those of one token only.
namespace optlab::kvcache {

using attention::Storage;

/// "f32", "fp16", "int8"
std::string_view name_of(Storage storage);
/// Throws std::invalid_argument listing the names if there is none called `name`.
Storage storage_named(std::string_view name);

/// What a cache keeps.
struct Policy {
  int window = 0;  // the latest tokens, the present one among them; 0: all
  int sinks = 0;   // and the first ones, which a window would lose
  Storage storage = Storage::kFloat32;
  bool guest = false;   // float32 in plain arrays [kv_heads, slots, D], for guests (kvcache/guest.h)
  bool stream = false;  // positions are those within the cache, so that a sequence has no end

  bool operator==(const Policy&) const = default;
};

struct Sizes {
  int layers;
  int kv_heads;   // as many as query heads: MHA; fewer: GQA; 1: MQA
  int head_size;  // D
  int positions;  // the longest sequence

  bool operator==(const Sizes&) const = default;
};

/// Bytes that a cache allocates, all of them when it is made.
struct Footprint {
  std::size_t keys = 0;
  std::size_t values = 0;
  std::size_t scales = 0;     // of kInt8
  std::size_t workspace = 0;  // of a stream: a layer's keys as they are turned, and the angles
  std::size_t total() const { return keys + values + scales + workspace; }
};
/// The bytes of a cache that needn't exist. Throws as KvCache does.
Footprint footprint(const Sizes& sizes, const Policy& policy);

namespace detail {

/// The slots of a cache.
struct Layout {
  /// Throws as KvCache does.
  Layout(const Sizes& of, const Policy& by);

  /// The slot of a position.
  int slot_of(int position) const;
  /// Vectors of D before this layer's and head's.
  std::size_t block(int layer, int head) const {
    return (static_cast<std::size_t>(layer) * static_cast<std::size_t>(sizes.kv_heads) +
            static_cast<std::size_t>(head)) *
           static_cast<std::size_t>(slots);
  }

  Sizes sizes;
  Policy policy;
  int capacity;  // positions that fit before the first is evicted
  int slots;     // capacity in whole panels
};

class Store;

}  // namespace detail

/// A ring of slots for each layer and head. Position p is kept in slot p until the slots are full; from then on it
/// replaces, behind the sinks, the oldest.
///
/// Rotary positions are the caller's affair, except in a stream: there keys come as the projection made them and are kept
/// so, and for each query they are turned by their places, 0 to kept - 1 in the order of their positions, the query's own
/// being the last. What is stored is never turned and written back: fp16 and int8 round a key once, however long it stays.
///
/// Layout:   S slots, min(positions, window + sinks) in whole panels of 16. Keys [layer, head] in attention's panels of
///           S·D (attention/key_panels.h), values [layer, head, slot, D]; scales, of keys and then of values, [layer,
///           head, slot].
/// Throws:   std::invalid_argument naming what doesn't fit: sizes, a layer, shapes, tokens beyond `most_tokens`,
///           truncation to what has been evicted; std::bad_alloc.
/// Numerics: `extend` gives a query what attention::attend gives it over the keys it sees, in the order of their slots:
///           with nothing evicted and float32, the bits of that row of the whole computation; with any policy the same
///           bits for any way of cutting a sequence into calls, on every ISA and for any number of threads, in exact
///           mode. Against full float32, with |v| the largest magnitude of a value that the query sees and δ an upper
///           bound of |q·Δk|/√D over the keys:
///             storage: |error| <= (e^2δ - 1)·|v| + max|Δv|, where a half is within 2⁻¹¹ of its value (2⁻²⁵ in
///                      absolute terms below 2⁻¹⁴) and an int8 within max|x|/254 of its vector;
///             window:  |error| <= 2·m·|v|, m the probability that full attention gives to the evicted keys;
///           both beside float32's own rounding. A stream has, as long as nothing is evicted, the bits of the same
///           policy with keys turned before (float32; other storages round what isn't turned yet).
/// Cost:     extending by T tokens writes 2·T·G·D numbers and attends, which reads them where they are (attention.h says
///           what other storages than float32 take of the context's scratch). Beyond a full window, tokens are attended
///           to one by one. A stream turns all kept keys for each of these calls of `attend`, 3·S·G·D FLOPs on one thread, and
///           expands other storages than float32 into its workspace: a token costs the same however many came before.
/// Source:   Xiao et al., "Efficient Streaming Language Models with Attention Sinks", 2024 (`stream`; otherwise keys keep
///           the rotation of their true positions).
class KvCache {
 public:
  KvCache(const Sizes& sizes, const Policy& policy);
  KvCache(KvCache&& other) noexcept;
  KvCache& operator=(KvCache&& other) noexcept;
  ~KvCache();

  const Sizes& sizes() const { return layout_.sizes; }
  const Policy& policy() const { return layout_.policy; }
  /// Tokens that a layer has seen, which is the position of its next one; of the first layer, if none is named.
  int length(int layer = 0) const { return lengths_[static_cast<std::size_t>(layer)]; }
  /// Tokens that it keeps of those.
  int kept() const;
  /// The most tokens of a sequence: the model's positions; a stream ends where an int does.
  int most_tokens() const;
  /// Positions that fit before the first is evicted.
  int capacity() const { return layout_.capacity; }
  Footprint footprint() const { return kvcache::footprint(sizes(), policy()); }
  /// Bytes of the kept tokens alone: what a cache of just this length would hold, without panels' padding.
  std::size_t bytes_in_use() const;

  /// In a stream, turns the queries [T,H,D] of the next tokens of `layer`, in place, by the places that they will have.
  void rotate(int layer, const attention::Heads& q, parallel::ThreadPool& pool) const;

  /// Appends the keys and values of T tokens, the next ones of `layer`, to it, and attends to them:
  /// q and out [T,H,D], k and v [T,G,D], T >= 0. Query t sees what is kept when its own token has been appended. Every
  /// layer of a model is extended by the same tokens before any is extended by the next.
  void extend(int layer, const attention::ConstHeads& q, const attention::ConstHeads& k, const attention::ConstHeads& v,
              const attention::Heads& out, attention::Context& context, gemm::Mode mode);

  /// Whether all that a sequence of `length` tokens keeps is still there.
  bool can_truncate(int length) const;
  /// Forgets the tokens from `length` on, in all layers.
  void truncate(int length);
  void reset() { truncate(0); }

  /// The slot of a position.
  int slot_of(int position) const { return layout_.slot_of(position); }
  /// Whether a token at `position` has been seen and is still kept.
  bool holds(int position) const;
  /// A key and value as attention sees them, D floats each. Throws also if the position isn't held.
  void read(int layer, int head, int position, std::span<float> key, std::span<float> value) const;

 private:
  void check(int layer, const attention::ConstHeads& q, const attention::ConstHeads& k, const attention::ConstHeads& v,
             const attention::Heads& out) const;

  detail::Layout layout_;
  std::unique_ptr<detail::Store> store_;
  std::vector<int> lengths_;
};

}  // namespace optlab::kvcache
