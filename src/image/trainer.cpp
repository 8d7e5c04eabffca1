#include "image/trainer.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include "core/error.h"
#include "core/rng.h"
#include "nn/loss.h"

namespace optlab::image {
namespace {

/// Shuffles draw from streams far above those of the layers' weights.
constexpr std::uint32_t kShuffleStream = 1U << 16;

/// Throws unless they go together; returns the batches of an epoch.
int checked_batches(const Model& model, const Dataset& data, const TrainingOptions& options) {
  if (options.epochs < 1 || options.batch < 1 || !(options.learning_rate > 0.0F)) {
    throw std::invalid_argument("train: epochs, batch and learning_rate must be > 0");
  }
  if (data.size() < 1 || data.image_size != model.inputs()) {
    throw_invalid({"train: ", data.size(), " images of ", data.image_size, " pixels for a model with ", model.inputs(),
                   " inputs"});
  }
  return (data.size() - 1) / options.batch + 1;
}

}  // namespace

Trainer::Trainer(Model& model, const Dataset& data, const TrainingOptions& options)
    : model_(model),
      data_(data),
      options_(options),
      batches_(checked_batches(model, data, options)),
      optimizer_(model.network().parameters(), options.adam),
      schedule_({.kind = options.cosine ? train::Schedule::Kind::kCosine : train::Schedule::Kind::kConstant,
                 .rate = options.learning_rate,
                 .steps = std::int64_t{batches_} * options.epochs}) {
  const int batch = std::min(options.batch, data.size());
  x_ = Tensor(model.input_shape(batch));
  logits_ = Tensor(Shape{batch, model.outputs()});
  gradient_ = Tensor(Shape{batch, model.outputs()});
  labels_.resize(static_cast<std::size_t>(batch));
  order_.resize(data.labels.size());
  model.network().reserve(x_.shape(), true);
}

void Trainer::begin_epoch() {
  std::iota(order_.begin(), order_.end(), 0U);
  Rng(options_.seed, kShuffleStream + static_cast<std::uint32_t>(epoch_)).shuffle(order_);
  loss_sum_ = 0.0;
  right_ = 0;
}

void Trainer::gather(int rows) {
  const auto size = static_cast<std::size_t>(data_.image_size);
  for (int r = 0; r < rows; ++r) {
    const int index = static_cast<int>(order_[static_cast<std::size_t>(seen_) + r]);
    scale_pixels(data_.image(index), x_.values().subspan(r * size, size));
    labels_[r] = data_.labels[index];
  }
}

/// Forward and backward; returns the loss.
double Trainer::differentiate(int rows, const nn::Compute& compute) {
  const nn::Pass pass{compute, true, options_.seed, static_cast<std::uint32_t>(steps())};
  const TensorView x = x_.first(rows), logits = logits_.first(rows), gradient = gradient_.first(rows);
  model_.network().forward(x, logits, pass);
  const MatrixView by_logits = gradient.matrix();
  const double loss = nn::softmax_cross_entropy(logits.matrix(), std::span(labels_).first(rows), &by_logits);
  if (std::isfinite(loss)) model_.network().backward(x, logits, gradient, {}, pass);
  return loss;
}

const TrainingProgress& Trainer::step(const nn::Compute& compute) {
  if (done()) throw std::logic_error("Trainer: training is done");
  if (seen_ == 0) begin_epoch();
  const int rows = std::min(options_.batch, data_.size() - seen_);
  const int batch = seen_ / options_.batch + 1;
  gather(rows);
  const double loss = differentiate(rows, compute);
  if (!std::isfinite(loss)) {
    throw std::runtime_error(text({"training diverged in epoch ", epoch_ + 1, ", batch ", batch,
                                   ": the loss is not finite; try a lower learning rate"}));
  }
  const float learning_rate = schedule_(steps());
  optimizer_.step(learning_rate, compute.context.pool);
  seen_ += rows;
  loss_sum_ += loss * rows;
  for (int r = 0; r < rows; ++r) {
    const auto classes = static_cast<std::size_t>(model_.outputs());
    right_ += argmax(logits_.values().subspan(r * classes, classes)) == labels_[r] ? 1 : 0;
  }
  progress_ = {epoch_ + 1,
               options_.epochs,
               batch,
               batches_,
               learning_rate,
               loss_sum_ / seen_,
               static_cast<double>(right_) / seen_};
  if (seen_ == data_.size()) {
    seen_ = 0;
    ++epoch_;
  }
  return progress_;
}

void train(Model& model, const Dataset& data, const TrainingOptions& options, const nn::Compute& compute,
           const TrainingCallback& callback) {
  Trainer trainer(model, data, options);
  while (!trainer.done()) {
    const TrainingProgress& progress = trainer.step(compute);
    if (callback && !callback(progress)) return;
  }
}

}  // namespace optlab::image
