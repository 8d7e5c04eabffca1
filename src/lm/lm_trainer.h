#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "lm/decoder.h"
#include "lm/lm.h"
#include "train/optimizer.h"

namespace optlab::lm {

struct LmTrainingOptions {
  int steps = 1000;
  int batch = 8;      // sequences a step
  int context = 256;  // tokens of a sequence
  float learning_rate = 2e-3F;
  int warm_up = 100;    // steps in which the rate rises; then it falls along half a cosine …
  float floor = 0.05F;  // … to this fraction
  float dropout = 0.0F;
  float clip = 1.0F;  // the largest norm of all gradients; 0: any
  std::uint64_t seed = 1;
  train::OptimizerOptions optimizer = {.beta2 = 0.99F, .weight_decay = 0.1F};
};

/// After a step.
struct LmProgress {
  int step;  // from 1
  float learning_rate;
  double loss;  // of this step's batch, nats a token
  double gradient_norm;
};

/// Returns false to stop training after this step.
using LmCallback = std::function<bool(const LmProgress&)>;

/// Minimizes the cross-entropy of `model` on sequences that begin anywhere in `text`, each position with the same
/// probability, the present weights being where it starts.
///
/// Throws:   std::invalid_argument for options out of range or a text shorter than a sequence and its successor;
///           std::runtime_error if the loss stops being a finite number.
/// Numerics: a pure function of (weights, text, options) with an exact variant: the same bits on every platform and for
///           any number of threads. Step s draws its sequences from stream 2³⁰ + s of the seed.
/// Cost:     6 FLOPs a parameter and token, and attention's.
void train(Lm& model, std::span<const std::int32_t> text, const LmTrainingOptions& options, const nn::Compute& compute,
           const LmCallback& callback = {});

/// What a model makes of a text.
struct LmEvaluation {
  double nats = 0.0;  // Σ -log p(token | those before it)
  std::size_t tokens = 0;
};

/// Every token of `text` given those before it in a window of `context`, windows beginning `stride` tokens apart, so that
/// a token sees at least context - stride others where there are as many. The first one, which nothing precedes, costs
/// log(vocab).
/// Throws: std::invalid_argument unless 1 <= stride <= context <= positions, or if the text is empty.
LmEvaluation evaluate(Lm& model, std::span<const std::int32_t> text, int context, int stride,
                      const nn::Compute& compute);

/// The same by a decoder, which forgets what it has seen: what its weight format and cache policy make of the text.
LmEvaluation evaluate(Decoder& decoder, std::span<const std::int32_t> text, int context, int stride,
                      parallel::ThreadPool& pool);

}  // namespace optlab::lm
