#include "lm/lm_trainer.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "lm/perplexity.h"
#include "nn/loss.h"
#include "train/schedule.h"

namespace optlab::lm {
namespace {

constexpr std::uint32_t kSequenceStream = 1U << 30;

void check(const Lm& model, std::span<const std::int32_t> text, const LmTrainingOptions& options) {
  if (options.steps < 1 || options.batch < 1 || options.context < 1 || options.context > model.config().positions) {
    throw std::invalid_argument("train: steps and batch must be >= 1, and the context from 1 to " +
                                std::to_string(model.config().positions));
  }
  if (text.size() < static_cast<std::size_t>(options.context) + 1) {
    throw std::invalid_argument("train: a text of " + std::to_string(text.size()) + " tokens; sequences of " +
                                std::to_string(options.context) + " and a successor need more");
  }
}

/// The sequences of a step and, one further on, what follows each of their tokens.
struct Batch {
  Batch(std::span<const std::int32_t> text, const LmTrainingOptions& options, int step) {
    const auto context = static_cast<std::size_t>(options.context);
    const Rng rng(options.seed, kSequenceStream + static_cast<std::uint32_t>(step));
    for (int b = 0; b < options.batch; ++b) {
      const auto starts = static_cast<std::uint32_t>(text.size() - context);
      const auto sequence = text.subspan(rng.below(static_cast<std::uint64_t>(b), starts), context + 1);
      ids.insert(ids.end(), sequence.begin(), sequence.end() - 1);
      labels.insert(labels.end(), sequence.begin() + 1, sequence.end());
    }
  }
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> labels;
};

void check_windows(int context, int stride, int positions, std::size_t tokens) {
  if (stride >= 1 && stride <= context && context <= positions && tokens > 0) return;
  throw std::invalid_argument("evaluate: a context of " + std::to_string(context) + ", a stride of " +
                              std::to_string(stride) + " and " + std::to_string(tokens) +
                              " tokens; want 1 <= stride <= context <= " + std::to_string(positions) + " and a token");
}

}  // namespace

void train(Lm& model, std::span<const std::int32_t> text, const LmTrainingOptions& options, const nn::Compute& compute,
           const LmCallback& callback) {
  check(model, text, options);
  const train::Schedule schedule({.rate = options.learning_rate,
                                  .steps = options.steps,
                                  .warm_up = std::min(options.warm_up, options.steps),
                                  .floor = options.floor});
  train::Optimizer optimizer(model.parameters(), options.optimizer);
  model.set_dropout(options.dropout);
  for (int step = 0; step < options.steps; ++step) {
    const Batch batch(text, options, step);
    const double loss =
        model.train(batch.ids, batch.labels, options.context,
                    {.compute = compute, .seed = options.seed, .step = static_cast<std::uint32_t>(step)});
    if (!std::isfinite(loss)) {
      throw std::runtime_error("training diverged in step " + std::to_string(step + 1) +
                               ": the loss is not finite; try a lower learning rate");
    }
    parallel::ThreadPool& pool = compute.context.pool;
    const double norm = train::clip_gradients(optimizer.parameters(), options.clip, pool);
    const float rate = schedule(step);
    optimizer.step(rate, pool);
    if (callback && !callback({step + 1, rate, loss, norm})) return;
  }
}

LmEvaluation evaluate(Lm& model, std::span<const std::int32_t> text, int context, int stride,
                      const nn::Compute& compute) {
  check_windows(context, stride, model.config().positions, text.size());
  const int vocab = model.config().vocab;
  LmEvaluation result{std::log(static_cast<double>(vocab)), 1};
  constexpr int kRows = 1024;  // at a time
  const int most = std::max(kRows / context, 1);
  Tensor logits(Shape{most * context, vocab});
  std::vector<std::int32_t> ids, labels;
  std::vector<float> losses;
  std::vector<std::size_t> counted;  // rows from here on of each window are new
  const auto flush = [&](int length) {
    const MatrixView z = logits.matrix().block(0, 0, static_cast<int>(ids.size()), vocab);
    model.logits(ids, length, z, compute);
    losses.resize(labels.size());
    nn::token_losses(z, labels, losses, compute.context.pool);
    for (std::size_t w = 0; w < counted.size(); ++w) {
      for (std::size_t t = counted[w]; t < static_cast<std::size_t>(length); ++t, ++result.tokens) {
        result.nats += static_cast<double>(losses[w * static_cast<std::size_t>(length) + t]);
      }
    }
    ids.clear();
    labels.clear();
    counted.clear();
  };
  const std::size_t predicted = text.size() - 1;
  std::size_t done = 0;  // predictions so far
  for (std::size_t first = 0; done < predicted; first += static_cast<std::size_t>(stride)) {
    const std::size_t length = std::min(static_cast<std::size_t>(context), predicted - first);
    if (length < static_cast<std::size_t>(context) && !counted.empty()) flush(context);
    ids.insert(ids.end(), text.begin() + first, text.begin() + first + length);
    labels.insert(labels.end(), text.begin() + first + 1, text.begin() + first + 1 + length);
    counted.push_back(done - first);
    done = first + length;
    if (counted.size() == static_cast<std::size_t>(most) || done == predicted) flush(static_cast<int>(length));
  }
  return result;
}

LmEvaluation evaluate(Decoder& decoder, std::span<const std::int32_t> text, int context, int stride,
                      parallel::ThreadPool& pool) {
  Perplexity perplexity(decoder, text, context, stride);
  constexpr int kMost = 1024;  // rows of logits, where a stream's context has no end
  while (perplexity.step(std::min(context, kMost), pool)) {
  }
  return {perplexity.nats(), perplexity.losses().size()};
}

}  // namespace optlab::lm
