#include "nn/mlp.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/digest.h"
#include "core/error.h"
#include "nn/dataset.h"

namespace optlab::nn {
namespace {

constexpr std::size_t kMostLayers = 64;
// Rows computed at a time: enough to keep every kernel and thread busy, few enough that activations stay in the cache's
// reach.
constexpr int kBlockRows = 512;

std::string tensor_name(std::size_t layer, const char* what) { return "layers." + std::to_string(layer) + "." + what; }

std::vector<int> read_sizes(const Safetensors& file) {
  std::vector<int> sizes;
  for (std::size_t i = 0; i < kMostLayers && (i == 0 || file.find(tensor_name(i, "weight")) != nullptr); ++i) {
    const SafetensorsEntry& weight = file.require_f32(tensor_name(i, "weight"), 2);
    const SafetensorsEntry& bias = file.require_f32(tensor_name(i, "bias"), 1);
    const int in = static_cast<int>(weight.shape[0]);
    const int out = static_cast<int>(weight.shape[1]);
    if (i > 0 && in != sizes.back()) {
      throw DataError("checkpoint: layer " + std::to_string(i) + " takes " + std::to_string(in) +
                      " inputs, the layer before it gives " + std::to_string(sizes.back()));
    }
    if (static_cast<int>(bias.shape[0]) != out) {
      throw DataError("checkpoint: layer " + std::to_string(i) + " has " + std::to_string(out) +
                      " outputs but a bias of " + std::to_string(bias.shape[0]));
    }
    if (i == 0) sizes.push_back(in);
    sizes.push_back(out);
  }
  const std::size_t want = 2 * (sizes.size() - 1);
  if (file.tensors().size() != want) {
    throw DataError("checkpoint: " + std::to_string(file.tensors().size()) + " tensors, but an MLP of " +
                    std::to_string(sizes.size() - 1) + " layers has " + std::to_string(want));
  }
  return sizes;
}

}  // namespace

Mlp::Mlp(std::span<const int> sizes) : sizes_(sizes.begin(), sizes.end()) {
  if (sizes.size() < 2 || sizes.size() > kMostLayers + 1) {
    throw std::invalid_argument("Mlp: " + std::to_string(sizes.size()) + " sizes; 2 to " +
                                std::to_string(kMostLayers + 1) + " are allowed (input, hidden …, output)");
  }
  layers_.reserve(sizes.size() - 1);
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) layers_.emplace_back(std::to_string(i), sizes[i], sizes[i + 1]);
}

Mlp Mlp::from_safetensors(std::span<const std::byte> bytes) {
  const Safetensors file = Safetensors::parse(bytes);
  Mlp model(read_sizes(file));
  for (std::size_t i = 0; i < model.layers_.size(); ++i) {
    copy_f32(*file.find(tensor_name(i, "weight")), model.layers_[i].weight());
    copy_f32(*file.find(tensor_name(i, "bias")), model.layers_[i].bias());
  }
  return model;
}

std::vector<std::byte> Mlp::to_safetensors(const SafetensorsMetadata& metadata) const {
  std::vector<SafetensorsSource> tensors;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Linear& layer = layers_[i];
    tensors.push_back({tensor_name(i, "weight"), {layer.inputs(), layer.outputs()}, layer.weight()});
    tensors.push_back({tensor_name(i, "bias"), {layer.outputs()}, layer.bias()});
  }
  return write_safetensors(tensors, metadata);
}

void Mlp::initialize(std::uint64_t seed) {
  for (std::size_t i = 0; i < layers_.size(); ++i) layers_[i].initialize(Rng(seed, static_cast<std::uint32_t>(i)));
}

std::size_t Mlp::parameter_count() const {
  std::size_t count = 0;
  for (const Linear& layer : layers_) count += layer.weight().size() + layer.bias().size();
  return count;
}

std::string Mlp::parameter_digest() const {
  Digest digest;
  for (const Linear& layer : layers_) {
    digest.add(layer.weight());
    digest.add(layer.bias());
  }
  return digest.hex();
}

void Mlp::prepare(const gemm::Variant& variant) {
  for (Linear& layer : layers_) layer.prepare(variant);
}

std::size_t Mlp::packed_bytes() const {
  std::size_t bytes = 0;
  for (const Linear& layer : layers_) bytes += layer.packed_bytes();
  return bytes;
}

void Mlp::logits(ConstMatrixView x, MatrixView logits, const Compute& compute) const {
  if (x.columns != inputs() || logits.columns != outputs() || logits.rows != x.rows) {
    throw std::invalid_argument("Mlp: x is " + format_shape({x.rows, x.columns}) + " and logits " +
                                format_shape({logits.rows, logits.columns}) + "; want [B," + std::to_string(inputs()) +
                                "] and [B," + std::to_string(outputs()) + "]");
  }
  const int block = std::min(x.rows, kBlockRows);
  std::vector<Tensor> hidden;
  for (std::size_t i = 0; i + 1 < layers_.size(); ++i) hidden.emplace_back(Shape{block, layers_[i].outputs()});
  for (int first = 0; first < x.rows; first += kBlockRows) {
    const int rows = std::min(kBlockRows, x.rows - first);
    ConstMatrixView input = x.block(first, 0, rows, x.columns);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const bool last = i + 1 == layers_.size();
      const MatrixView output =
          last ? logits.block(first, 0, rows, outputs()) : hidden[i].matrix().block(0, 0, rows, layers_[i].outputs());
      layers_[i].forward(input, output, last ? gemm::Activation::kNone : gemm::Activation::kRelu, compute);
      input = output;
    }
  }
}

Classification classify(const Mlp& model, std::span<const std::uint8_t> pixels, const Compute& compute) {
  const auto inputs = static_cast<std::size_t>(model.inputs());
  const auto classes = static_cast<std::size_t>(model.outputs());
  if (pixels.size() % inputs != 0) {
    throw std::invalid_argument("classify: " + std::to_string(pixels.size()) +
                                " pixels are not a whole number of images of " + std::to_string(inputs));
  }
  if (classes > 256)
    throw std::invalid_argument("classify: the model has " + std::to_string(classes) + " classes; at most 256");
  Classification result;
  Digest digest;
  const std::size_t images = pixels.size() / inputs;
  const int block = static_cast<int>(std::min<std::size_t>(images, kBlockRows));
  Tensor x(Shape{block, model.inputs()});
  Tensor logits(Shape{block, model.outputs()});
  for (std::size_t first = 0; first < images; first += kBlockRows) {
    const std::size_t rows = std::min<std::size_t>(kBlockRows, images - first);
    scale_pixels(pixels.subspan(first * inputs, rows * inputs), x.values().first(rows * inputs));
    const int count = static_cast<int>(rows);
    model.logits(x.matrix().block(0, 0, count, model.inputs()), logits.matrix().block(0, 0, count, model.outputs()),
                 compute);
    const auto values = std::span<const float>(logits.values()).first(rows * classes);
    digest.add(values);
    result.logits.insert(result.logits.end(), values.begin(), values.end());
    for (std::size_t i = 0; i < rows; ++i) {
      result.predictions.push_back(static_cast<std::uint8_t>(argmax(values.subspan(i * classes, classes))));
    }
  }
  result.logits_digest = digest.hex();
  return result;
}

double accuracy(std::span<const std::uint8_t> predictions, std::span<const std::uint8_t> labels) {
  if (predictions.size() != labels.size() || labels.empty()) {
    throw std::invalid_argument("accuracy: " + std::to_string(predictions.size()) + " predictions for " +
                                std::to_string(labels.size()) + " labels; want as many, and at least one");
  }
  std::size_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) right += predictions[i] == labels[i] ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

}  // namespace optlab::nn
