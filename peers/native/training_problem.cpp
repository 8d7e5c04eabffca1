#include "training_problem.h"

#include <cmath>
#include <stdexcept>

#include "operands.h"

namespace optlab::peers {
namespace {

// As families/training.ts has them.
constexpr int kPixels = 784;
constexpr int kClasses = 10;
constexpr int kCheckedSteps = 5;
constexpr int kSteps = 256;
constexpr float kLearningRate = 1e-3F;

using Weight = Training::Weight;

std::vector<Weight> weights_of(bool convolutional) {
  if (!convolutional) {
    return {{"layers.0.weight", {784, 256}, nullptr},
            {"layers.1.weight", {256, 128}, nullptr},
            {"layers.2.weight", {128, 10}, nullptr}};
  }
  return {{"conv1.weight", {3, 3, 1, 16}, nullptr},
          {"conv2.weight", {3, 3, 16, 32}, nullptr},
          {"linear1.weight", {1568, 64}, nullptr},
          {"linear2.weight", {64, 10}, nullptr}};
}

class TrainingProblem : public Problem {
 public:
  TrainingProblem(bool convolutional, int batch)
      : images_(static_cast<std::size_t>(batch) * kPixels),
        labels_(static_cast<std::size_t>(batch)),
        losses_(kCheckedSteps) {
    Random next(1);
    for (std::uint8_t& pixel : images_) pixel = static_cast<std::uint8_t>(whole(next(), 256));
    for (int i = 0; i < batch; ++i) labels_.get()[i] = static_cast<std::uint8_t>(i % kClasses);
    std::fill(losses_.begin(), losses_.end(), 0.0F);
    p_ = {convolutional, batch, kSteps, kLearningRate, images_.get(), labels_.get(), weights_of(convolutional)};
    std::uint32_t seed = 2;
    for (Weight& weight : p_.weights) {
      std::size_t count = 1;
      for (std::int64_t extent : weight.shape) count *= static_cast<std::size_t>(extent);
      const double inputs = static_cast<double>(count) / static_cast<double>(weight.shape.back());
      const auto bound = static_cast<float>(std::sqrt(6.0 / inputs));
      values_.push_back(random<float>(count, seed++));
      for (float& value : values_.back()) value *= bound;
      weight.values = values_.back().get();
    }
  }

  /// Trains a little for the losses, and starts over.
  std::unique_ptr<Prepared> prepare(Library& library, const std::string& row) const override {
    std::unique_ptr<Trainee> trainee = library.training(p_, row);
    for (float& loss : losses_) loss = static_cast<float>(trainee->step());
    for (const float loss : losses_) {
      if (!std::isfinite(loss)) throw std::runtime_error("its loss is not finite");
    }
    trainee->restart();
    return prepared([trainee = std::move(trainee), done = 0]() mutable {
      if (done == kSteps) {
        trainee->restart();
        done = 0;
      }
      trainee->step();
      ++done;
    });
  }

  double worst_error() const override { throw std::logic_error("the losses are checked by the caller"); }
  std::vector<float> to_check() const override { return {losses_.begin(), losses_.end()}; }

 private:
  Values<std::uint8_t> images_, labels_;
  Values<float> losses_;
  std::vector<Values<float>> values_;
  Training p_{};
};

}  // namespace

std::unique_ptr<Problem> read_training(std::istream& request) {
  std::string model;
  int batch = 0;
  request >> model >> batch;
  if (!request || batch < 1 || (model != "mlp" && model != "cnn")) {
    throw std::invalid_argument("prepare: mlp or cnn and a batch are wanted");
  }
  return std::make_unique<TrainingProblem>(model == "cnn", batch);
}

}  // namespace optlab::peers
