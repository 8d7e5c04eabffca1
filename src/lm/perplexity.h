#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor.h"
#include "lm/decoder.h"

namespace optlab::lm {

/// What a decoder makes of a text, a few tokens at a time: each token given those before it in a window of `context`,
/// windows beginning `stride` tokens apart. The first one, which nothing precedes, costs log(vocab).
///
/// Throws:   std::invalid_argument unless 1 <= stride <= context <= Decoder::most_tokens(), or if the text is empty.
/// Numerics: in exact mode the losses don't depend on the steps. They are summed in float64, in order.
/// Cost:     context/stride tokens through the decoder for each of the text, and `context` rows of logits to keep.
class Perplexity {
 public:
  /// The decoder forgets what it has seen, and must outlive this; nobody else may feed it meanwhile.
  Perplexity(Decoder& decoder, std::span<const std::int32_t> text, int context, int stride);

  /// Feeds up to `tokens` of a window. False if the text was over before.
  bool step(int tokens, parallel::ThreadPool& pool);
  bool done() const { return predicted_ == text_.size() - 1; }

  /// -log p of each token so far, in order.
  std::span<const float> losses() const { return losses_; }
  /// Their sum.
  double nats() const { return nats_; }
  /// Tokens fed so far over all that will be.
  double progress() const;

 private:
  Decoder& decoder_;
  std::vector<std::int32_t> text_;
  std::size_t context_, stride_;
  std::size_t first_ = 0;      // of the window
  std::size_t fed_ = 0;        // of its tokens
  std::size_t predicted_ = 0;  // of the text's tokens after the first
  Tensor logits_;              // [rows of a step, vocab]
  std::vector<float> row_losses_;
  std::vector<float> losses_;
  double nats_;
};

}  // namespace optlab::lm
