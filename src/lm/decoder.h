#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "attention/row_ops.h"
#include "kvcache/kv_cache.h"
#include "lm/decode_weight.h"
#include "lm/lm.h"
#include "parallel/thread_pool.h"

namespace optlab::lm {

struct DecoderOptions {
  kvcache::Policy cache = {};
  WeightFormat weights = WeightFormat::kFloat32;  // of all projections and the classifier
  int sequences = 1;                              // that go on side by side, each with a cache of its own
};

/// The token that a sequence goes on with.
struct NextToken {
  int sequence;
  std::int32_t id;
};

/// Hears of a token's queries [1,H,D] in a layer and of what attention made of them, once the layer's cache holds what
/// they see.
using OnAttention =
    parallel::FunctionRef<void(int layer, const attention::ConstHeads& queries, const attention::ConstHeads& attended)>;

/// A language model that goes on from the tokens it has seen: keys and values are kept, so that a token costs its own
/// computation and attention to those before it, not theirs again. Several sequences share the weights: a step of all of
/// them reads these once. Where no sequence is named, the first is meant.
///
/// Shapes:   logits [tokens, vocab], row t those of the token that follows the t-th.
/// Throws:   std::invalid_argument naming what doesn't fit: ids outside of the vocabulary, no ids, tokens beyond
///           `most_tokens`, truncation to what the cache has evicted, weights that a format can't hold, a sequence
///           that isn't there or goes on twice in a step; std::bad_alloc, after which the sequences it was about have
///           seen nothing.
/// Numerics: with float32 weights, a full float32 cache and an exact variant the bits of Lm::logits at every position.
///           In exact mode no format or policy depends on threads, the ISA, on how a sequence is cut into calls or on the
///           other sequences of a step; the formats' errors are those of gemm/weight_only.h, the policies' those of kvcache/kv_cache.h.
/// Cost:     2 FLOPs a parameter and token, attention's 4·layers·D a token before it, and a read of all weights for each
///           step: once for all of a long prompt, and in float32 and int8-dot for all sequences (the other formats once
///           for four of them). The weights are copied, once (`weight_bytes`); a sequence takes a cache
///           (kvcache::footprint) and 4 bytes a token for what it has seen. The embedding is read from the model, which
///           must outlive this and not be trained meanwhile.
class Decoder {
 public:
  Decoder(Lm& model, const DecoderOptions& options, const nn::Compute& compute);

  const LmConfig& config() const { return model_.config(); }
  int sequences() const { return static_cast<int>(sequences_.size()); }
  /// The most tokens of a sequence: the model's positions, or as many as an int can count in a stream.
  int most_tokens() const { return sequences_[0].cache.most_tokens(); }
  const kvcache::KvCache& cache(int sequence = 0) const { return sequences_[index_of(sequence)].cache; }
  /// What it has seen, in order.
  std::span<const std::int32_t> tokens(int sequence = 0) const { return sequences_[index_of(sequence)].tokens; }
  /// What a token reads: projections, classifier and norms in their formats.
  std::size_t weight_bytes() const;

  /// The logits after the last of `ids`, which follow what has been seen; valid until the next call.
  std::span<const float> feed(std::span<const std::int32_t> ids, int sequence = 0);
  /// The same of one token of the first sequence, telling of attention layer by layer.
  std::span<const float> feed(std::int32_t id, OnAttention on_attention);
  /// The same once more: those of the latest such call, zeros before it.
  std::span<const float> logits() const { return logits_.values(); }
  /// Those after each of them.
  void feed_all(std::span<const std::int32_t> ids, MatrixView logits, int sequence = 0);
  /// A token each for some sequences, whose lengths may differ: row i of `logits` [tokens, vocab] follows the i-th.
  void step(std::span<const NextToken> tokens, MatrixView logits);

  bool can_truncate(int length, int sequence = 0) const { return cache(sequence).can_truncate(length); }
  void truncate(int length, int sequence = 0);
  /// Forgets what `ids` doesn't begin with, and its last token in any case; returns how many tokens of `ids` needn't be
  /// fed again. That is none where the cache can't go back as far.
  int reuse(std::span<const std::int32_t> ids, int sequence = 0);

  /// Tokens that go through the layers together.
  static constexpr int kChunk = 128;

 private:
  struct Block {
    DecodeWeight joint, output, gate_up, down;
  };

  struct Sequence {
    kvcache::KvCache cache;
    std::vector<std::int32_t> tokens;
  };
  /// Rows in work, one after the other.
  struct Part {
    int sequence;
    int rows;
  };

  std::size_t index_of(int sequence) const;
  void check(std::span<const std::int32_t> ids, int sequence) const;
  void feed(std::span<const std::int32_t> ids, MatrixView logits, bool all, int sequence);
  void run(std::span<const std::int32_t> ids, MatrixView logits);
  void attend(int layer, MatrixView x);
  void feed_forward(int layer, MatrixView x);
  void norm(nn::RmsNorm& by, ConstMatrixView x, MatrixView y);
  /// x += product_
  void add(MatrixView x);
  void reserve(int rows);

  Lm& model_;
  nn::Compute compute_;
  const attention::RowVariant& rows_;
  std::vector<Sequence> sequences_;
  std::vector<Block> blocks_;
  DecodeWeight classifier_;
  std::vector<Part> parts_;
  std::vector<std::int32_t> ids_;  // of a step
  // [rows, …] of the tokens in work.
  Tensor x_, normed_, projected_, attended_, gates_, hidden_, product_;
  Tensor logits_;  // [1, vocab]
  DecodeScratch scratch_;
  const OnAttention* on_attention_ = nullptr;  // of the call that runs
};

}  // namespace optlab::lm
