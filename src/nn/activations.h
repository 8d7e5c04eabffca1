#pragma once

#include <string>

#include "nn/layer.h"

namespace optlab::nn {

/// y = f(x), element by element, of any shape; no parameters. Exact in every mode: the same bits on every platform.
class Elementwise : public Layer {
 public:
  using Layer::Layer;
  Shape output_shape(const Shape& x) const override { return x; }

 protected:
  void check_shapes(const Shape& x, const Shape& y) const { check("y", y, x); }
  void check_shapes(const Shape& x, const Shape& y, const Shape& dy, const TensorView& dx) const;
};

/// y = max(0, x), a NaN stays one; dx = dy where y > 0, else +0. After a Linear, Conv2d or BatchNorm their activation
/// option does the same in their own pass.
class Relu final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  std::string_view kind() const override { return "ReLU"; }
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
};

/// y = (x/2)·(1 + t), t = tanh(u), u = √(2/π)·(x + 0.044715·x³), as attention::gelu;
/// dx = dy·((1 + t)/2 + (x/2)·(1 - t²)·√(2/π)·(1 + 3·0.044715·x²)).
class Gelu final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  std::string_view kind() const override { return "GELU"; }
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
};

/// y = x·s, s = 1/(1 + exp(-x)), as attention::silu; dx = dy·s·(1 + x·(1 - s)).
class Silu final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  std::string_view kind() const override { return "SiLU"; }
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
};

/// Training: y = x / (1 - rate) where the element is kept, else 0; else y = x. Element i of step t is dropped if the random
/// number (seed, stream, t·2³² + i) says so, a fraction `rate` of all: a pure function, so that any thread can tell and a
/// resumed training drops the same. The backward pass asks again instead of keeping a mask.
/// Source: Srivastava et al., "Dropout", 2014.
class Dropout final : public Elementwise {
 public:
  /// Layers with one `stream` drop the same elements. Throws std::invalid_argument unless rate is in [0, 1).
  Dropout(std::string name, float rate, std::uint32_t stream = 0);
  std::string_view kind() const override { return "Dropout"; }
  float rate() const { return rate_; }
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;

 private:
  void drop(std::span<const float> from, std::span<float> to, const Pass& pass) const;

  float rate_;
  std::uint32_t stream_;
};

/// y[B,n] = x[B,…], the same values.
class Flatten final : public Layer {
 public:
  using Layer::Layer;
  std::string_view kind() const override { return "Flatten"; }
  Shape output_shape(const Shape& x) const override;
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
};

}  // namespace optlab::nn
