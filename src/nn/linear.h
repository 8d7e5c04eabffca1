#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/rng.h"
#include "core/tensor.h"
#include "gemm/gemm.h"
#include "gemm/packed_matrix.h"
#include "nn/layer.h"

namespace optlab::nn {

struct LinearOptions {
  bool bias = true;
  gemm::Activation activation = gemm::Activation::kNone;  // fused into the product
};

/// y[…,O] = activation(x[…,I] · W[I,O] + b[O])
///
/// W is stored [in, out] row-major, so that x·W is one GEMM on plain views and its transposed uses are views too. With z
/// the value before the activation: dz = dy where y > 0 (ReLU; else dy), dW = xᵀ·dz, db = Σ_rows dz, dx = dz·Wᵀ.
///
/// Shapes:   x of any rank from 1 to 4, its last axis I; parameters <name>.weight [I,O] and <name>.bias [O].
/// Numerics: exact with an exact variant: every gradient element is one GEMM element or one sum over ascending rows, so
///           no result depends on the number of threads. A row of y does not depend on the batch.
/// Cost:     forward 2·B·I·O FLOPs; backward twice that (without dx: the same).
class Linear final : public Layer {
 public:
  /// Zero weights and bias. Throws std::invalid_argument unless 1 <= inputs, outputs and inputs*outputs <= 2^31-1.
  Linear(std::string name, int inputs, int outputs, LinearOptions options = {});

  std::string_view kind() const override { return "Linear"; }
  int inputs() const { return inputs_; }
  int outputs() const { return outputs_; }
  gemm::Activation activation() const { return options_.activation; }
  /// To write through: forgets what `prepare` packed.
  std::span<float> weight() {
    packed_ = {};
    return weight_.value.values();
  }
  std::span<const float> weight() const { return weight_.value.values(); }
  /// Empty without a bias.
  std::span<float> bias() { return bias_.value.values(); }
  std::span<const float> bias() const { return bias_.value.values(); }

  /// W ~ uniform(±sqrt(6/I)), b = 0: keeps the variance of activations through ReLU layers.
  /// Source: He, Zhang, Ren and Sun, "Delving Deep into Rectifiers", 2015.
  void initialize(const Rng& rng);

  Shape output_shape(const Shape& x) const override;
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
  std::vector<Parameter*> parameters() override;
  /// Packs the weights for `variant`, so that forward passes with it needn't; the results keep their bits. Keeps a packing
  /// that fits. Throws std::bad_alloc.
  void prepare(const gemm::Variant& variant) override;
  std::size_t packed_bytes() const override { return packed_.bytes(); }
  bool absorb(std::span<const float> scale, std::span<const float> shift, gemm::Activation activation) override;

 private:
  LinearOptions options_;
  int inputs_;
  int outputs_;
  Parameter weight_;
  Parameter bias_;
  gemm::PackedMatrix packed_;
};

}  // namespace optlab::nn
