#include "nn/trainer.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include "core/math.h"

namespace optlab::nn {
namespace {

constexpr float kPi = 3.14159265F;

/// Shuffles draw from streams far above those of the layers' weights.
constexpr std::uint32_t kShuffleStream = 1U << 16;

void check(const Mlp& model, const Dataset& data, const TrainingOptions& options) {
  if (options.epochs < 1 || options.batch < 1 || !(options.learning_rate > 0.0F)) {
    throw std::invalid_argument("train: epochs, batch and learning_rate must be > 0");
  }
  if (data.size() < 1 || data.image_size != model.inputs()) {
    throw std::invalid_argument("train: " + std::to_string(data.size()) + " images of " +
                                std::to_string(data.image_size) + " pixels for a model with " +
                                std::to_string(model.inputs()) + " inputs");
  }
}

/// The buffers of a step and the step itself.
class Step {
 public:
  Step(Mlp& model, int batch) : model_(model), x_(Shape{batch, model.inputs()}), labels_(batch) {
    for (const Linear& layer : model.layers()) {
      outputs_.emplace_back(Shape{batch, layer.outputs()});
      deltas_.emplace_back(Shape{batch, layer.outputs()});
      weight_gradients_.emplace_back(Shape{layer.inputs(), layer.outputs()});
      bias_gradients_.emplace_back(Shape{layer.outputs()});
    }
  }

  void gather(const Dataset& data, std::span<const std::uint32_t> indices) {
    rows_ = static_cast<int>(indices.size());
    for (int r = 0; r < rows_; ++r) {
      const int index = static_cast<int>(indices[r]);
      scale_pixels(data.image(index), {x_.matrix().row(r), static_cast<std::size_t>(model_.inputs())});
      labels_[r] = data.labels[index];
    }
  }

  /// Forward and backward; returns the loss.
  double run(const Compute& compute) {
    const std::size_t count = model_.layers().size();
    for (std::size_t i = 0; i < count; ++i) {
      const auto activation = i + 1 == count ? gemm::Activation::kNone : gemm::Activation::kRelu;
      model_.layers()[i].forward(input(i), part(outputs_[i]), activation, compute);
    }
    const MatrixView logits_gradient = part(deltas_.back());
    const double loss = softmax_cross_entropy(part(outputs_.back()), std::span(labels_).first(rows_), &logits_gradient);
    for (std::size_t i = count; i-- > 0;) {
      const Linear::Gradient gradient{weight_gradients_[i].matrix(), bias_gradients_[i].values()};
      const MatrixView before = i == 0 ? MatrixView{} : part(deltas_[i - 1]);
      model_.layers()[i].backward(input(i), part(deltas_[i]), gradient, i == 0 ? nullptr : &before, compute);
      if (i > 0) relu_backward(part(outputs_[i - 1]), before);
    }
    return loss;
  }

  int correct() {
    int right = 0;
    const MatrixView logits = part(outputs_.back());
    for (int r = 0; r < rows_; ++r) {
      right += argmax({logits.row(r), static_cast<std::size_t>(logits.columns)}) == labels_[r] ? 1 : 0;
    }
    return right;
  }

  std::vector<std::span<const float>> gradients() const {
    std::vector<std::span<const float>> all;
    for (std::size_t i = 0; i < weight_gradients_.size(); ++i) {
      all.push_back(weight_gradients_[i].values());
      all.push_back(bias_gradients_[i].values());
    }
    return all;
  }

 private:
  MatrixView part(Tensor& tensor) { return tensor.matrix().block(0, 0, rows_, tensor.matrix().columns); }
  ConstMatrixView input(std::size_t layer) { return part(layer == 0 ? x_ : outputs_[layer - 1]); }

  Mlp& model_;
  int rows_ = 0;
  Tensor x_;
  std::vector<std::uint8_t> labels_;
  std::vector<Tensor> outputs_;
  std::vector<Tensor> deltas_;  // ∂L/∂(layer's output before its activation)
  std::vector<Tensor> weight_gradients_;
  std::vector<Tensor> bias_gradients_;
};

std::vector<std::span<float>> parameters(Mlp& model) {
  std::vector<std::span<float>> all;
  for (Linear& layer : model.layers()) {
    all.push_back(layer.weight());
    all.push_back(layer.bias());
  }
  return all;
}

float scheduled_rate(const TrainingOptions& options, std::int64_t step, std::int64_t steps) {
  if (!options.cosine) return options.learning_rate;
  const float fraction = static_cast<float>(step) / static_cast<float>(steps);
  return options.learning_rate * (0.5F * (1.0F + math::cos(kPi * fraction)));
}

}  // namespace

void train(Mlp& model, const Dataset& data, const TrainingOptions& options, const Compute& compute,
           const TrainingCallback& callback) {
  check(model, data, options);
  const int batches = (data.size() - 1) / options.batch + 1;
  const std::int64_t steps = std::int64_t{batches} * options.epochs;
  Step step(model, std::min(options.batch, data.size()));
  Adam adam(parameters(model), options.adam);
  std::vector<std::uint32_t> order(data.labels.size());
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    std::iota(order.begin(), order.end(), 0U);
    Rng(options.seed, kShuffleStream + static_cast<std::uint32_t>(epoch)).shuffle(order);
    double loss_sum = 0.0;
    int seen = 0;
    int right = 0;
    for (int batch = 0; batch < batches; ++batch) {
      const int rows = std::min(options.batch, data.size() - seen);
      step.gather(data, std::span(order).subspan(seen, rows));
      const double loss = step.run(compute);
      if (!std::isfinite(loss)) {
        throw std::runtime_error("training diverged in epoch " + std::to_string(epoch + 1) + ", batch " +
                                 std::to_string(batch + 1) + ": the loss is not finite; try a lower learning rate");
      }
      const float rate = scheduled_rate(options, std::int64_t{epoch} * batches + batch, steps);
      adam.step(step.gradients(), rate, compute.context.pool);
      seen += rows;
      right += step.correct();
      loss_sum += loss * rows;
      if (callback && !callback({epoch + 1, options.epochs, batch + 1, batches, rate, loss_sum / seen,
                                 static_cast<double>(right) / seen})) {
        return;
      }
    }
  }
}

}  // namespace optlab::nn
