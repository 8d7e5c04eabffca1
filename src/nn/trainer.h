#pragma once

#include <cstdint>
#include <functional>

#include "nn/adam.h"
#include "nn/dataset.h"
#include "nn/mlp.h"

namespace optlab::nn {

struct TrainingOptions {
  int epochs = 20;
  int batch = 128;
  float learning_rate = 1e-3F;
  bool cosine = true;  // the rate falls to 0 along half a cosine over all steps; else it is constant
  std::uint64_t seed = 1;
  AdamOptions adam = {};
};

/// After a batch.
struct TrainingProgress {
  int epoch;  // from 1
  int epochs;
  int batch;  // from 1
  int batches;
  float learning_rate;
  double loss;      // mean over this epoch's batches so far
  double accuracy;  // on this epoch's training images so far, each seen before the step that used it
};

/// Returns false to stop training after this batch.
using TrainingCallback = std::function<bool(const TrainingProgress&)>;

/// Minimizes the cross-entropy of `model` on `data` with Adam over shuffled batches.
///
/// Every epoch visits every image once, in an order that is a pure function of (seed, epoch); the last batch may be
/// smaller. The model's present weights are where it starts (Mlp::initialize).
/// Throws:   std::invalid_argument for options out of range, data that don't fit the model or no data;
///           std::runtime_error if the loss stops being a finite number (the rate is too high).
/// Numerics: with an exact variant the weights come out bit for bit alike on every platform and for any number of
///           threads.
/// Cost:     6 · parameters FLOPs an image and epoch.
/// Source:   Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017 (the schedule, without
///           restarts).
void train(Mlp& model, const Dataset& data, const TrainingOptions& options, const Compute& compute,
           const TrainingCallback& callback = {});

}  // namespace optlab::nn
