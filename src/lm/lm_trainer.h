#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "core/fields.h"
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

  /// What the command line offers.
  template <class Self, class Visit>
  static constexpr void fields(Self& self, Visit&& visit) {
    visit(self.steps, Field{.name = "steps", .least = 1, .most = 1e8, .help = "Steps"});
    visit(self.batch, Field{.name = "batch", .least = 1, .most = 1e8, .help = "Sequences a step"});
    visit(self.context, Field{.name = "context", .least = 1, .most = 8192, .help = "Tokens of a sequence"});
    visit(self.learning_rate, Field{.name = "learning_rate",
                                    .least = 1e-8,
                                    .most = 10,
                                    .unit = "X",
                                    .help = "Learning rate after the warm-up; it falls along half a cosine",
                                    .option = "lr"});
    visit(self.floor, Field{.name = "floor", .most = 1, .unit = "X", .help = "To this fraction of it"});
    visit(self.warm_up, Field{.name = "warm_up", .most = 1e8, .help = "Steps in which the rate rises"});
    visit(self.optimizer.weight_decay,
          Field{.name = "weight_decay", .most = 10, .unit = "X", .help = "Decoupled weight decay of matrices"});
    visit(self.dropout, Field{.name = "dropout",
                              .most = 0.95,
                              .unit = "X",
                              .help = "Share of embeddings and branches' outputs dropped in training"});
    visit(self.clip, Field{.name = "clip", .most = 1e6, .unit = "X", .help = "Largest norm of all gradients; 0: any"});
    visit(self.seed, Field{.name = "seed", .most = 1e12, .help = "Of weights, sequences and dropout"});
  }
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
