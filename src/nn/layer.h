#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "nn/compute.h"
#include "profile/observer.h"

namespace optlab::nn {

/// A learned tensor and the gradient of the loss by it.
struct Parameter {
  std::string name;  // as in a checkpoint: "layers.0.weight"
  Tensor value;
  Tensor gradient;     // empty until a layer's first backward pass: inference doesn't pay for it
  bool decays = true;  // whether weight decay applies; not to biases and the scales of norms

  std::size_t size() const { return value.size(); }
};

/// What a forward or backward pass happens in.
struct Pass {
  const Compute& compute;
  /// Training passes keep what backward needs, drop elements out and take a batch's statistics.
  bool training = false;
  /// Where random numbers come from in training: the same seed and step draw the same ones.
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
  /// Told of every layer of a forward pass; nobody, if null.
  profile::Observer* observer = nullptr;
};

/// y = f(x; parameters), with its derivatives written by hand.
///
/// Shapes:   the first axis is the batch (B >= 0). `output_shape` says what x may be and what y is.
/// Throws:   std::invalid_argument naming the layer, the operand, its shape and the allowed one, before anything is
///           written.
/// Numerics: exact with an exact variant: the same bits on every platform and for any number of threads; outside of
///           training a batch's elements don't depend on each other.
class Layer {
 public:
  explicit Layer(std::string name) : name_(std::move(name)) {}
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  const std::string& name() const { return name_; }
  /// The type as a student knows it: "Linear", "Conv2d", ….
  virtual std::string_view kind() const = 0;

  virtual Shape output_shape(const Shape& x) const = 0;

  /// What a forward pass over x computes and moves, outside of training, and beside what layers inside of this one say of
  /// themselves; x is one that output_shape takes.
  virtual profile::Work work(const Shape& x) const = 0;

  /// Overwrites y. A training pass may keep, in the layer, what its own backward needs beside x and y.
  virtual void forward(ConstTensorView x, TensorView y, const Pass& pass) = 0;

  /// After the training forward of the same x and y. From dy = ∂L/∂y: overwrites every parameter's gradient, and dx
  /// unless that is empty (no values: not wanted). May overwrite dy.
  virtual void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) = 0;

  /// In the order of the checkpoint. Callers may write through these, so packed copies of the values are dropped.
  virtual std::vector<Parameter*> parameters() { return {}; }

  /// Makes, once, what inference with `variant` can reuse from call to call (packed weights).
  virtual void prepare(const gemm::Variant& variant) { static_cast<void>(variant); }
  /// Bytes that `prepare` holds beside the values themselves.
  virtual std::size_t packed_bytes() const { return 0; }

  /// What training keeps and inference needs, but no gradient moves: running statistics. In the checkpoint, after the
  /// parameters; their gradients stay empty.
  virtual std::vector<Parameter*> buffers() { return {}; }

  /// Takes `scale` and `shift`, one each an output channel, into its weights, so that it computes activation(scale·y +
  /// shift) where it computed y. False, and nothing happened, if it can't.
  virtual bool absorb(std::span<const float> scale, std::span<const float> shift, gemm::Activation activation) {
    static_cast<void>(scale), static_cast<void>(shift), static_cast<void>(activation);
    return false;
  }

 protected:
  /// std::invalid_argument "layer <name>: <operand> is [..], want <want>".
  [[noreturn]] void refuse(std::string_view operand, const Shape& shape, std::string_view want) const;
  void check(std::string_view operand, const Shape& shape, const Shape& want) const;

 private:
  std::string name_;
};

/// What the pass's observer is to be told of the layer; nothing if there is none, as counting its work costs more than a
/// small layer does.
profile::LayerInfo info_of(const Layer& layer, const Shape& x, const Pass& pass);

/// Makes the gradient exist, zero, in the value's shape. Throws std::bad_alloc.
void require_gradient(Parameter& parameter);

}  // namespace optlab::nn
