#pragma once

#include <memory>
#include <string>

#include "nn/dropout_mask.h"
#include "nn/layer.h"

namespace optlab::nn {

/// y = x + dropout(body(norm(x))): a pre-norm residual block.
///
/// Shapes:   x and y alike; norm and body keep shapes.
/// Throws:   std::invalid_argument if dropout isn't in [0, 1) or a part is missing; what the parts throw.
/// Numerics: exact as its parts; dropout is a pure function of (pass seed, pass step, stream, element).
/// Cost:     its parts' and 2 FLOPs an element. Training keeps 4 floats an element.
/// Source:   He et al., "Deep Residual Learning for Image Recognition", 2016; Xiong et al., "On Layer Normalization in
///           the Transformer Architecture", 2020; Srivastava et al., "Dropout", 2014.
class Residual final : public Layer {
 public:
  Residual(std::string name, std::unique_ptr<Layer> norm, std::unique_ptr<Layer> body, float dropout = 0.0F,
           std::uint32_t stream = 0);

  std::string_view kind() const override { return "Residual"; }
  Shape output_shape(const Shape& x) const override;
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
  std::vector<Parameter*> parameters() override;

  /// For training passes from now on. Throws as the constructor.
  void set_dropout(float probability) { dropout_ = DropoutMask(probability, dropout_.stream()); }

  Layer& norm() { return *norm_; }
  Layer& body() { return *body_; }

 private:
  void require(const Shape& shape, bool training);

  std::unique_ptr<Layer> norm_;
  std::unique_ptr<Layer> body_;
  DropoutMask dropout_;
  Tensor normed_;   // norm(x)
  Tensor output_;   // body(norm(x))
  Tensor doutput_;  // ∂L/∂output
  Tensor dnormed_;  // ∂L/∂normed
};

}  // namespace optlab::nn
