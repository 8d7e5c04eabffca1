#pragma once

#include <string>
#include <vector>

#include "nn/layer.h"

namespace optlab::nn {

struct BatchNormOptions {
  float epsilon = 1e-5F;
  float momentum = 0.1F;  // of a batch's statistics in the running ones
  gemm::Activation activation = gemm::Activation::kNone;
};

/// y = activation((x - mean[c]) / √(variance[c] + epsilon) · weight[c] + bias[c]), c the last axis.
///
/// Training takes mean and variance (of the population) of the batch and all axes but the last, and moves the running ones
/// towards them: running ← (1 - momentum)·running + momentum·batch, there with the sample's variance. Otherwise the
/// running ones are used: an affine function of x, which the Conv2d or Linear before can absorb (`fold`).
///
/// Shapes:   x of rank 2 to 4 with C as last axis. Parameters <name>.weight and .bias, buffers <name>.mean and .variance,
///           [C] each.
/// Throws:   std::invalid_argument, also for a training pass over less than two rows: they have no variance.
/// Numerics: exact: the same bits on every platform. Rows are summed in blocks of 256 by absolute index, each block in four
///           stripes; blocks are combined in float64, in order (Chan's update).
/// Cost:     training reads x twice and writes y; backward reads x and dy twice and writes dx. The activation's derivative
///           is taken from x again, so y isn't read.
/// Source:   Ioffe and Szegedy, "Batch Normalization", 2015; Chan, Golub and LeVeque, "Updating Formulae and a Pairwise
///           Algorithm for Computing Sample Variances", 1979.
class BatchNorm final : public Layer {
 public:
  /// weight 1, bias 0, mean 0, variance 1. Throws std::invalid_argument unless channels >= 1, epsilon > 0 and momentum is
  /// in [0, 1].
  BatchNorm(std::string name, int channels, const BatchNormOptions& options = {});

  std::string_view kind() const override { return "BatchNorm"; }
  int channels() const { return channels_; }
  /// As the constructor leaves it.
  void initialize();
  Shape output_shape(const Shape& x) const override;
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
  std::vector<Parameter*> parameters() override { return {&weight_, &bias_}; }
  std::vector<Parameter*> buffers() override { return {&mean_, &variance_}; }

  /// Has `before`, whose output is this layer's input, do this layer's inference too. False if it can't.
  bool fold_into(Layer& before) const;

 private:
  /// weight / √(variance + epsilon)
  std::vector<float> scales(std::span<const float> variance) const;
  void take_statistics(ConstMatrixView x, const Compute& compute);

  BatchNormOptions options_;
  int channels_;
  Parameter weight_, bias_, mean_, variance_;
  // Of the last training pass.
  std::vector<float> batch_mean_, batch_variance_, batch_scale_;
};

}  // namespace optlab::nn
