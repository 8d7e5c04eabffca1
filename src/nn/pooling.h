#pragma once

#include <string>

#include "nn/layer.h"

namespace optlab::nn {

struct PoolOptions {
  int kernel = 2;  // windows are kernel × kernel pixels
  int stride = 2;
};

/// What poolings have in common: x [B,H,W,C] to y [B,OH,OW,C], OH = (H - kernel)/stride + 1, OW alike; no padding, so
/// pixels at the right and lower edge may go unused. No parameters. A few operations for each element of a window.
class Pooling : public Layer {
 public:
  /// Throws std::invalid_argument unless kernel and stride are >= 1.
  Pooling(std::string name, const PoolOptions& options);
  const PoolOptions& options() const { return options_; }
  Shape output_shape(const Shape& x) const override;

 protected:
  void check_forward(const ConstTensorView& x, const TensorView& y) const;
  void check_backward(const ConstTensorView& x, const ConstTensorView& y, const TensorView& dy,
                      const TensorView& dx) const;
  /// Whether the windows cover all of x and none of it twice.
  bool tiles(const Shape& x) const;

 private:
  PoolOptions options_;
};

/// y = the window's largest value; its gradient goes to the first element, by (kh, kw), that has it.
class MaxPool2d final : public Pooling {
 public:
  explicit MaxPool2d(std::string name, const PoolOptions& options = {}) : Pooling(std::move(name), options) {}
  std::string_view kind() const override { return "MaxPool2d"; }
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
};

/// y = Σ over the window, by ascending (kh, kw), / kernel²; dx = Σ over the windows of dy / kernel².
class AvgPool2d final : public Pooling {
 public:
  explicit AvgPool2d(std::string name, const PoolOptions& options = {}) : Pooling(std::move(name), options) {}
  std::string_view kind() const override { return "AvgPool2d"; }
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
};

/// y[B,C] = Σ over all pixels of x[B,H,W,C], in order, / (H·W).
class GlobalAvgPool2d final : public Layer {
 public:
  explicit GlobalAvgPool2d(std::string name) : Layer(std::move(name)) {}
  std::string_view kind() const override { return "GlobalAvgPool2d"; }
  Shape output_shape(const Shape& x) const override;
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
};

}  // namespace optlab::nn
