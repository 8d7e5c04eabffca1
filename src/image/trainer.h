#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "image/dataset.h"
#include "image/model.h"
#include "train/optimizer.h"
#include "train/schedule.h"

namespace optlab::image {

struct TrainingOptions {
  int epochs = 20;
  int batch = 128;
  float learning_rate = 1e-3F;
  bool cosine = true;  // the rate falls to 0 along half a cosine over all steps; else it is constant
  std::uint64_t seed = 1;
  train::OptimizerOptions adam = {.decay_all = true};
};

/// After a batch.
struct TrainingProgress {
  int epoch = 0;  // from 1; 0: nothing has happened yet
  int epochs = 0;
  int batch = 0;  // from 1
  int batches = 0;
  float learning_rate = 0.0F;
  double loss = 0.0;      // mean over this epoch's batches so far
  double accuracy = 0.0;  // on this epoch's training images so far, each seen before the step that used it
};

/// Minimizes the cross-entropy of a model on images with Adam over shuffled batches, a batch at a time.
///
/// Every epoch visits every image once, in an order that is a pure function of (seed, epoch); the last batch may be
/// smaller. The model's present weights are where it starts (Model::initialize).
/// Throws:   std::invalid_argument for options out of range, data that don't fit the model or no data.
/// Numerics: with an exact variant the weights come out bit for bit alike on every platform, for any number of threads, and
///           however often training was saved and restored in between.
/// Cost:     6 · parameters FLOPs an image and epoch for an MLP; a CNN's convolutions count their parameters once a pixel.
/// Source:   Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017 (the schedule, without
///           restarts).
class Trainer {
 public:
  /// `model` and `data` must outlive this.
  Trainer(Model& model, const Dataset& data, const TrainingOptions& options);

  /// Trains on the next batch. Throws std::logic_error if training is done; std::runtime_error if the loss is no finite
  /// number (the rate is too high), and the weights are as they were before the batch.
  const TrainingProgress& step(const nn::Compute& compute);
  const TrainingProgress& progress() const { return progress_; }
  bool done() const { return epoch_ == options_.epochs; }
  /// Whether the next batch begins an epoch, or training is done: the time to save.
  bool at_epoch_end() const { return seen_ == 0; }
  const TrainingOptions& options() const { return options_; }

  /// All that the rest of the training depends on, as a safetensors file: the model's tensors, Adam's moments as
  /// "adam.first.<tensor>" and "adam.second.<tensor>", and epoch, options and a digest of the labels as metadata. Throws
  /// std::logic_error unless at an epoch's end.
  std::vector<std::byte> save();
  /// Goes on where `save` was called: the weights come out as if training had not been interrupted. Throws DataError, and
  /// nothing has changed, if the file is broken or of another model, other data or other options.
  void restore(std::span<const std::byte> state);

 private:
  checkpoint::SafetensorsMetadata describe() const;
  void begin_epoch();
  void gather(int rows);
  double differentiate(int rows, const nn::Compute& compute);
  /// Steps before this one.
  std::int64_t steps() const { return std::int64_t{epoch_} * batches_ + seen_ / options_.batch; }

  Model& model_;
  const Dataset& data_;
  TrainingOptions options_;
  int batches_;
  train::Optimizer optimizer_;
  train::Schedule schedule_;
  Tensor x_, logits_, gradient_;
  std::vector<std::uint8_t> labels_;
  std::vector<std::uint32_t> order_;
  TrainingProgress progress_;
  // Of this epoch; epochs count from 0.
  int epoch_ = 0;
  int seen_ = 0;
  int right_ = 0;
  double loss_sum_ = 0.0;
};

/// Returns false to stop training after this batch.
using TrainingCallback = std::function<bool(const TrainingProgress&)>;

/// All steps of a Trainer.
void train(Model& model, const Dataset& data, const TrainingOptions& options, const nn::Compute& compute,
           const TrainingCallback& callback = {});

}  // namespace optlab::image
