#include "image/mlp.h"

#include <stdexcept>

#include "core/error.h"

namespace optlab::image {
namespace {

constexpr std::size_t kMostLayers = 64;

std::string tensor_name(std::size_t layer, const char* what) { return "layers." + std::to_string(layer) + "." + what; }

std::vector<int> read_sizes(const checkpoint::Safetensors& file) {
  std::vector<int> sizes;
  for (std::size_t i = 0; i < kMostLayers && (i == 0 || file.find(tensor_name(i, "weight")) != nullptr); ++i) {
    const checkpoint::SafetensorsEntry& weight = file.require_f32(tensor_name(i, "weight"), 2);
    const checkpoint::SafetensorsEntry& bias = file.require_f32(tensor_name(i, "bias"), 1);
    const int in = static_cast<int>(weight.shape[0]);
    const int out = static_cast<int>(weight.shape[1]);
    if (i > 0 && in != sizes.back()) {
      throw DataError(
          text({"checkpoint: layer ", i, " takes ", in, " inputs, the layer before it gives ", sizes.back()}));
    }
    if (static_cast<int>(bias.shape[0]) != out) {
      throw DataError(text({"checkpoint: layer ", i, " has ", out, " outputs but a bias of ", bias.shape[0]}));
    }
    if (i == 0) sizes.push_back(in);
    sizes.push_back(out);
  }
  return sizes;
}

/// Judged before a layer is made of them.
std::vector<int> checked_sizes(std::span<const int> sizes) {
  if (sizes.size() < 2 || sizes.size() > kMostLayers + 1) {
    throw_invalid({"Mlp: ", sizes.size(), " sizes; 2 to ", kMostLayers + 1, " are allowed (input, hidden …, output)"});
  }
  return {sizes.begin(), sizes.end()};
}

}  // namespace

Mlp::Mlp(std::span<const int> sizes) : Model({sizes.empty() ? 1 : sizes.front()}), sizes_(checked_sizes(sizes)) {
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    const bool last = i + 2 == sizes.size();
    const nn::LinearOptions options{true, last ? gemm::Activation::kNone : gemm::Activation::kRelu};
    layers_.push_back(&network().emplace<nn::Linear>("layers." + std::to_string(i), sizes[i], sizes[i + 1], options));
  }
  finish();
}

Mlp Mlp::from_safetensors(std::span<const std::byte> bytes) {
  const checkpoint::Safetensors file = checkpoint::Safetensors::parse(bytes);
  Mlp model(read_sizes(file));
  model.load(file, "an MLP of " + std::to_string(model.layers_.size()) + " layers");
  return model;
}

void Mlp::initialize(std::uint64_t seed) {
  for (std::size_t i = 0; i < layers_.size(); ++i) layers_[i]->initialize(Rng(seed, static_cast<std::uint32_t>(i)));
}

}  // namespace optlab::image
