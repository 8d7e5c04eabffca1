#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nn/linear.h"
#include "nn/safetensors.h"

namespace optlab::nn {

/// A multilayer perceptron: Linear layers with ReLU between them.
///
/// h₀ = x;  hᵢ₊₁ = relu(hᵢ·Wᵢ + bᵢ), the last one without relu: the logits.
class Mlp {
 public:
  /// All weights zero. `sizes` are the widths from input to output, e.g. {784, 256, 128, 10}.
  /// Throws: std::invalid_argument unless there are 2 to 65 sizes, each >= 1.
  explicit Mlp(std::span<const int> sizes);

  /// Tensors layers.<i>.weight [in, out] and layers.<i>.bias [out], F32, and no others.
  /// Throws: DataError saying what the file lacks or has too much (see also Safetensors).
  static Mlp from_safetensors(std::span<const std::byte> bytes);
  std::vector<std::byte> to_safetensors(const SafetensorsMetadata& metadata = {}) const;

  /// Kaiming-uniform weights, zero biases; layer i draws from stream i of `seed`.
  void initialize(std::uint64_t seed);

  std::span<const int> sizes() const { return sizes_; }
  int inputs() const { return sizes_.front(); }
  int outputs() const { return sizes_.back(); }
  /// Number of weights and biases.
  std::size_t parameter_count() const;
  /// Of all weights and biases, layer by layer, weights first.
  std::string parameter_digest() const;
  std::span<Linear> layers() { return layers_; }
  std::span<const Linear> layers() const { return layers_; }

  /// Packs all weights for `variant` (Linear::prepare).
  void prepare(const gemm::Variant& variant);
  /// Bytes of packed weights, beside the 4 · parameter_count() of the weights themselves.
  std::size_t packed_bytes() const;

  /// logits[B, outputs] for x[B, inputs], B >= 0.
  /// Throws: std::invalid_argument for a wrong shape. Exact with an exact variant; a row does not depend on the batch.
  /// Memory: works in blocks of rows, so that activations take at most a few MB however large B is.
  void logits(ConstMatrixView x, MatrixView logits, const Compute& compute) const;

 private:
  std::vector<int> sizes_;
  std::vector<Linear> layers_;
};

/// What a model says about a set of images.
struct Classification {
  std::vector<std::uint8_t> predictions;  // one class an image: argmax, lowest index on ties
  std::vector<float> logits;              // [n, outputs]: the scores before softmax
  std::string logits_digest;              // of all logits in order
};

/// Classifies 8-bit images, `pixels` being n * model.inputs() of them; each pixel enters as p/255.
/// Throws: std::invalid_argument if `pixels` is not a whole number of images or the model has more than 256 classes.
Classification classify(const Mlp& model, std::span<const std::uint8_t> pixels, const Compute& compute);

/// The fraction of predictions that equal their labels, in [0, 1]. Throws std::invalid_argument if there are none or
/// the numbers differ.
double accuracy(std::span<const std::uint8_t> predictions, std::span<const std::uint8_t> labels);

}  // namespace optlab::nn
