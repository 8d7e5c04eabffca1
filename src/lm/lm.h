#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nn/embedding.h"
#include "nn/feed_forward.h"
#include "nn/norm.h"
#include "nn/residual.h"
#include "nn/self_attention.h"

namespace optlab::lm {

struct LmConfig {
  int vocab = 2048;
  int dim = 192;  // of a token's vector
  int layers = 6;
  int heads = 6;        // query heads; dim/heads is even
  int kv_heads = 3;     // key and value heads; divides heads
  int hidden = 528;     // of the feed-forward layers
  int positions = 256;  // the longest sequence
  bool tied = true;     // whether the embedding is the output matrix too

  bool operator==(const LmConfig&) const = default;
};

/// A language model as Llama has it: embedding; `layers` times x + attention(norm(x)), x + swiglu(norm(x)); norm; logits
/// by the embedding's transpose.
///
/// Shapes:   a batch is B sequences of T ids, one after the other; logits [B·T, vocab], row b·T + t those of the token that
///           follows ids[b·T + t].
/// Throws:   std::invalid_argument naming what doesn't fit: sizes, ids that aren't in the vocabulary, T over `positions`.
/// Numerics: exact with an exact variant: the same bits on every platform and for any number of threads, and a row of
///           logits doesn't depend on the batch nor on later tokens.
/// Cost:     about 2 FLOPs a parameter and token forward, 4 backward, and attention's.
/// Source:   Touvron et al., "LLaMA: Open and Efficient Foundation Language Models", 2023.
class Lm {
 public:
  /// Zero weights, norms 1. Throws std::invalid_argument.
  explicit Lm(const LmConfig& config);

  const LmConfig& config() const { return config_; }
  /// Normal weights; those that end a residual branch are smaller by √(2·layers). Tensor i draws from stream i of `seed`.
  void initialize(std::uint64_t seed);
  /// The dropout rate of embeddings and residual branches, in training passes. Throws std::invalid_argument unless in [0, 1).
  void set_dropout(float probability);

  /// In the order of the checkpoint.
  std::vector<nn::Parameter*> parameters();
  std::size_t parameter_count();
  /// The digest of all parameters, in order.
  std::string parameter_digest();

  /// Without keeping anything for backward. `ids` are B·`tokens`. Tells the observer of each layer, if there is one.
  void logits(std::span<const std::int32_t> ids, int tokens, MatrixView logits, const nn::Compute& compute,
              profile::Observer* observer = nullptr);

  /// Forward and backward: returns the mean of -log p(labels), in nats, and overwrites every parameter's gradient.
  double train(std::span<const std::int32_t> ids, std::span<const std::int32_t> labels, int tokens,
               const nn::Pass& pass);

  /// The parts, for whoever runs them in another way (a cache of keys and values, other weight formats).
  nn::Embedding& embedding() { return embedding_; }
  nn::Embedding& classifier() { return classifier_ ? *classifier_ : embedding_; }
  nn::RmsNorm& final_norm() { return *norm_; }
  nn::RmsNorm& attention_norm(int layer) { return static_cast<nn::RmsNorm&>(attention_[layer]->norm()); }
  nn::SelfAttention& attention(int layer) { return static_cast<nn::SelfAttention&>(attention_[layer]->body()); }
  nn::RmsNorm& feed_forward_norm(int layer) { return static_cast<nn::RmsNorm&>(feed_forward_[layer]->norm()); }
  nn::SwiGlu& feed_forward(int layer) { return static_cast<nn::SwiGlu&>(feed_forward_[layer]->body()); }

 private:
  void forward(std::span<const std::int32_t> ids, int tokens, const nn::Pass& pass);
  void backward(std::span<const std::int32_t> ids, const nn::Pass& pass);

  LmConfig config_;
  nn::Embedding embedding_;
  std::optional<nn::Embedding> classifier_;
  std::vector<std::unique_ptr<nn::Residual>> attention_;
  std::vector<std::unique_ptr<nn::Residual>> feed_forward_;
  std::unique_ptr<nn::RmsNorm> norm_;
  nn::DropoutMask dropout_;
  std::vector<Tensor> states_;  // [B,T,D]: what enters each residual block, and the last norm
  Tensor normed_;
  Tensor logits_;
  Tensor gradients_[2];  // ∂L/∂state, alternating
};

/// A copy that reads sequences of up to `positions` tokens: rotary positions are computed, not learned. Beyond what the
/// model was trained with it predicts badly, but costs what it costs.
/// Throws: std::invalid_argument as the constructor does.
Lm with_positions(Lm& model, int positions);

}  // namespace optlab::lm
