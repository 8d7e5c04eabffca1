#pragma once

#include <string>

#include "core/rng.h"
#include "nn/layer.h"

namespace optlab::nn {

/// y = (silu(x·G) ∘ (x·U))·W, silu(a) = a/(1 + e^-a); G and U are one weight [D, 2F], gate first.
///
/// Shapes:   x and y [..., D].
/// Numerics: exact with an exact variant.
/// Cost:     6·D·F FLOPs a row forward, twice that backward. Training keeps 3·F floats a row, which backward overwrites.
/// Source:   Shazeer, "GLU Variants Improve Transformer", 2020.
class SwiGlu final : public Layer {
 public:
  /// Zero weights. Throws std::invalid_argument unless size and hidden are >= 1.
  SwiGlu(std::string name, int size, int hidden);

  /// Normal weights of deviation 1/(2√D) in the first product, `output_scale`/(2√F) in the second.
  void initialize(const Rng& gate_up, const Rng& down, float output_scale);

  std::string_view kind() const override { return "SwiGlu"; }
  Shape output_shape(const Shape& x) const override;
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
  std::vector<Parameter*> parameters() override { return {&gate_up_, &down_}; }

  int hidden() const { return down_.value.shape()[0]; }

 private:
  Parameter gate_up_;  // [D, 2F]
  Parameter down_;     // [F, D]
  Tensor products_;    // [rows, 2F]
  Tensor hidden_;      // [rows, F]
};

}  // namespace optlab::nn
