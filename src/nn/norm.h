#pragma once

#include <span>
#include <string>

#include "nn/layer.h"

namespace optlab::nn {

/// y = (x · r) · weight[N], r = 1/√(Σx²/N + ε), over the last axis.
///
/// Shapes:   x and y [..., N].
/// Numerics: exact, see attention/row_ops.h; the weight's gradient sums over ascending rows.
/// Cost:     4 FLOPs an element forward, 12 backward.
/// Source:   Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.
class RmsNorm final : public Layer {
 public:
  /// The weight is 1. Throws std::invalid_argument unless size >= 1 and epsilon >= 0.
  RmsNorm(std::string name, int size, float epsilon = 1e-5F);

  std::string_view kind() const override { return "RmsNorm"; }
  Shape output_shape(const Shape& x) const override;
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
  std::vector<Parameter*> parameters() override { return {&weight_}; }

  float epsilon() const { return epsilon_; }
  std::span<const float> weight() const { return weight_.value.values(); }

 private:
  Parameter weight_;
  float epsilon_;
};

/// y = ((x - mean) · r) · weight[N] + bias[N], mean = Σx/N, r = 1/√(Σ(x - mean)²/N + ε), over the last axis.
///
/// Shapes:   x and y [..., N].
/// Numerics: as RmsNorm.
/// Cost:     7 FLOPs an element forward, 18 backward.
/// Source:   Ba, Kiros and Hinton, "Layer Normalization", 2016.
class LayerNorm final : public Layer {
 public:
  /// The weight is 1, the bias 0. Throws std::invalid_argument unless size >= 1 and epsilon >= 0.
  LayerNorm(std::string name, int size, float epsilon = 1e-5F);

  std::string_view kind() const override { return "LayerNorm"; }
  Shape output_shape(const Shape& x) const override;
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
  std::vector<Parameter*> parameters() override { return {&weight_, &bias_}; }

 private:
  Parameter weight_;
  Parameter bias_;
  float epsilon_;
};

}  // namespace optlab::nn
