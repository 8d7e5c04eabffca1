#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer.h"

namespace optlab::nn {

/// Layers one after the other: xᵢ₊₁ = layerᵢ(xᵢ). Owns them, and the memory between them: a training pass keeps every
/// layer's output for the backward pass, others use two buffers in turn. Memory grows to what the largest batch so far
/// needs (`reserve` does so beforehand) and serves smaller ones too.
class Sequential final : public Layer {
 public:
  explicit Sequential(std::string name) : Layer(std::move(name)) {}

  /// Appends a layer and returns it.
  template <class L, class... Args>
  L& emplace(Args&&... args) {
    auto layer = std::make_unique<L>(std::forward<Args>(args)...);
    L& added = *layer;
    layers_.push_back(std::move(layer));
    return added;
  }
  std::span<const std::unique_ptr<Layer>> layers() const { return layers_; }

  /// The memory of passes over x of shape `largest`, its first axis being the batch.
  void reserve(const Shape& largest, bool training);

  /// Has every layer before a BatchNorm do that one's inference too, and takes the BatchNorm away, where the layer can.
  /// Returns how many are gone. What the network says stays the same but for rounding; training it further would be
  /// training something else.
  int fold();

  std::string_view kind() const override { return "Sequential"; }
  Shape output_shape(const Shape& x) const override;
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
  std::vector<Parameter*> parameters() override;
  std::vector<Parameter*> buffers() override;
  void prepare(const gemm::Variant& variant) override;
  std::size_t packed_bytes() const override;

 private:
  /// Values between layers; only ever grows.
  class Slots {
   public:
    TensorView get(std::size_t slot, const Shape& shape);

   private:
    std::vector<AlignedBuffer<float>> buffers_;
  };

  /// Layer i's forward pass into *y, or into memory of its own if that is null; returns where. The one place that tells an
  /// observer: the memory that the result needs is the layer's too.
  ConstTensorView run_layer(std::size_t i, ConstTensorView x, const TensorView* y, const Pass& pass);

  std::vector<std::unique_ptr<Layer>> layers_;
  Slots activations_;
  Slots gradients_;
  std::vector<Shape> shapes_;  // of the last training pass: x of every layer
};

}  // namespace optlab::nn
