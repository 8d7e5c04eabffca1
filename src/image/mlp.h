#pragma once

#include <span>
#include <vector>

#include "image/model.h"
#include "nn/linear.h"

namespace optlab::image {

/// A multilayer perceptron: Linear layers with ReLU between them.
///
/// h₀ = x;  hᵢ₊₁ = relu(hᵢ·Wᵢ + bᵢ), the last one without relu: the logits.
class Mlp final : public Model {
 public:
  /// All weights zero. `sizes` are the widths from input to output, e.g. {784, 256, 128, 10}.
  /// Throws: std::invalid_argument unless there are 2 to 65 sizes, each >= 1.
  explicit Mlp(std::span<const int> sizes);

  /// Tensors layers.<i>.weight [in, out] and layers.<i>.bias [out], F32, and no others.
  /// Throws: DataError saying what the file lacks or has too much (see also Safetensors).
  static Mlp from_safetensors(std::span<const std::byte> bytes);

  std::string_view kind() const override { return "mlp"; }
  /// Kaiming-uniform weights, zero biases; layer i draws from stream i of `seed`.
  void initialize(std::uint64_t seed) override;

  std::span<const int> sizes() const { return sizes_; }
  nn::Linear& layer(int i) { return *layers_[static_cast<std::size_t>(i)]; }

 private:
  std::vector<int> sizes_;
  std::vector<nn::Linear*> layers_;  // the network's
};

}  // namespace optlab::image
