#include "image/cnn.h"

#include "core/error.h"
#include "nn/activations.h"
#include "nn/batch_norm.h"
#include "nn/conv2d.h"
#include "nn/linear.h"
#include "nn/pooling.h"

namespace optlab::image {
namespace {

constexpr int kSide = 28;
constexpr int kPooledSide = kSide / 4;

void add_convolution(nn::Sequential& network, const std::string& number, int channels, int outputs, bool normalized) {
  // A norm subtracts whatever a bias adds.
  const auto activation = normalized ? gemm::Activation::kNone : gemm::Activation::kRelu;
  network.emplace<nn::Conv2d>("conv" + number, channels, outputs,
                              nn::Conv2dOptions{.padding = 1, .bias = !normalized, .activation = activation});
  if (normalized) {
    network.emplace<nn::BatchNorm>("norm" + number, outputs,
                                   nn::BatchNormOptions{.activation = gemm::Activation::kRelu});
  }
  network.emplace<nn::MaxPool2d>("pool" + number);
}

int extent(const checkpoint::Safetensors& file, std::string_view name, std::size_t rank, std::size_t axis) {
  return static_cast<int>(file.require_f32(name, rank).shape[axis]);
}

}  // namespace

Cnn::Cnn(const CnnOptions& options) : Model({kSide, kSide, 1}), options_(options) {
  nn::Sequential& layers = network();
  add_convolution(layers, "1", 1, options.channels1, options.normalized);
  add_convolution(layers, "2", options.channels1, options.channels2, options.normalized);
  layers.emplace<nn::Flatten>("flatten");
  layers.emplace<nn::Linear>("linear1", kPooledSide * kPooledSide * options.channels2, options.hidden,
                             nn::LinearOptions{true, gemm::Activation::kRelu});
  layers.emplace<nn::Dropout>("dropout", options.dropout);
  layers.emplace<nn::Linear>("linear2", options.hidden, options.classes);
  finish();
}

Cnn Cnn::from_safetensors(std::span<const std::byte> bytes) {
  const checkpoint::Safetensors file = checkpoint::Safetensors::parse(bytes);
  CnnOptions options;
  options.channels1 = extent(file, "conv1.weight", 4, 3);
  options.channels2 = extent(file, "conv2.weight", 4, 3);
  options.hidden = extent(file, "linear2.weight", 2, 0);
  options.classes = extent(file, "linear2.weight", 2, 1);
  options.normalized = file.find("norm1.weight") != nullptr;
  // Before memory of that size is taken: the widths must be those of tensors in the file.
  const auto inputs = static_cast<std::uint64_t>(kPooledSide * kPooledSide) * options.channels2;
  const auto& linear1 = file.require_f32("linear1.weight", 2).shape;
  if (linear1[0] != inputs || linear1[1] != static_cast<std::uint64_t>(options.hidden)) {
    throw DataError(text({"checkpoint: linear1.weight is [", linear1[0], ",", linear1[1], "], want [", inputs, ",",
                          options.hidden, "]"}));
  }
  if (extent(file, "conv2.weight", 4, 2) != options.channels1) {
    throw DataError(text({"checkpoint: conv2.weight takes ", extent(file, "conv2.weight", 4, 2),
                          " channels, conv1.weight gives ", options.channels1}));
  }
  Cnn model(options);
  model.load(file, options.normalized ? "a CNN with norms" : "a folded CNN");
  return model;
}

void Cnn::initialize(std::uint64_t seed) {
  std::uint32_t stream = 0;
  for (const auto& layer : network().layers()) {
    if (auto* norm = dynamic_cast<nn::BatchNorm*>(layer.get())) norm->initialize();
    if (auto* conv = dynamic_cast<nn::Conv2d*>(layer.get())) conv->initialize(Rng(seed, stream++));
    if (auto* linear = dynamic_cast<nn::Linear*>(layer.get())) linear->initialize(Rng(seed, stream++));
  }
}

void Cnn::fold() {
  network().fold();
  options_.normalized = false;
}

}  // namespace optlab::image
