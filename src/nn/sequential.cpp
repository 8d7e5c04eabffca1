#include "nn/sequential.h"

#include <algorithm>

#include "nn/batch_norm.h"

namespace optlab::nn {
TensorView Sequential::Slots::get(std::size_t slot, const Shape& shape) {
  if (buffers_.size() <= slot) buffers_.resize(slot + 1);
  if (buffers_[slot].size() < shape.element_count()) buffers_[slot] = AlignedBuffer<float>(shape.element_count());
  return {shape, buffers_[slot].span().first(shape.element_count())};
}

Shape Sequential::output_shape(const Shape& x) const {
  Shape shape = x;
  for (const auto& layer : layers_) shape = layer->output_shape(shape);
  return shape;
}

void Sequential::reserve(const Shape& largest, bool training) {
  Shape shape = largest;
  for (std::size_t i = 0; i + 1 < layers_.size(); ++i) {
    shape = layers_[i]->output_shape(shape);
    activations_.get(training ? i : i % 2, shape);
    if (training) gradients_.get(i % 2, shape);
  }
}

void Sequential::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  if (pass.training) shapes_.clear();
  if (layers_.empty()) std::copy(x.values.begin(), x.values.end(), y.values.begin());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (pass.training) shapes_.push_back(x.shape);
    const TensorView* last = i + 1 == layers_.size() ? &y : nullptr;
    x = run_layer(i, x, last, pass);
  }
}

ConstTensorView Sequential::run_layer(std::size_t i, ConstTensorView x, const TensorView* y, const Pass& pass) {
  Layer& layer = *layers_[i];
  const Shape shape = layer.output_shape(x.shape);
  const profile::ObservedLayer observed(pass.observer, info_of(layer, x.shape, pass));
  const TensorView to = y != nullptr ? *y : activations_.get(pass.training ? i : i % 2, shape);
  layer.forward(x, to, pass);
  return to;
}

void Sequential::backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) {
  check("dy", dy.shape, y.shape);
  if (!dx.empty()) check("dx", dx.shape, x.shape);
  if (layers_.empty()) std::copy(dy.values.begin(), dy.values.end(), dx.values.begin());
  for (std::size_t i = layers_.size(); i-- > 0;) {
    const ConstTensorView input = i == 0 ? x : activations_.get(i - 1, shapes_[i]);
    const TensorView before = i == 0 ? dx : gradients_.get((i - 1) % 2, shapes_[i]);
    layers_[i]->backward(input, y, dy, before, pass);
    y = input;
    dy = before;
  }
}

std::vector<Parameter*> Sequential::parameters() {
  std::vector<Parameter*> all;
  for (const auto& layer : layers_) {
    for (Parameter* parameter : layer->parameters()) all.push_back(parameter);
  }
  return all;
}

std::vector<Parameter*> Sequential::buffers() {
  std::vector<Parameter*> all;
  for (const auto& layer : layers_) {
    for (Parameter* buffer : layer->buffers()) all.push_back(buffer);
  }
  return all;
}

void Sequential::prepare(const gemm::Variant& variant) {
  for (const auto& layer : layers_) layer->prepare(variant);
}

std::size_t Sequential::packed_bytes() const {
  std::size_t bytes = 0;
  for (const auto& layer : layers_) bytes += layer->packed_bytes();
  return bytes;
}

int Sequential::fold() {
  int folded = 0;
  for (std::size_t i = 1; i < layers_.size();) {
    const auto* norm = dynamic_cast<const BatchNorm*>(layers_[i].get());
    if (norm == nullptr || !norm->fold_into(*layers_[i - 1])) {
      ++i;
      continue;
    }
    layers_.erase(layers_.begin() + static_cast<std::ptrdiff_t>(i));
    ++folded;
  }
  return folded;
}

}  // namespace optlab::nn
