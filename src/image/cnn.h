#pragma once

#include <span>

#include "image/model.h"

namespace optlab::image {

/// The widths of a Cnn.
struct CnnOptions {
  int channels1 = 16;
  int channels2 = 32;
  int hidden = 64;
  int classes = 10;
  float dropout = 0.25F;
  /// False: without the BatchNorms, as `fold` leaves it.
  bool normalized = true;
};

/// A small convolutional network for grey images of 28×28 pixels:
/// conv 3×3 → norm → ReLU → max 2×2 → conv 3×3 → norm → ReLU → max 2×2 → flatten → linear → ReLU → dropout → linear.
///
/// Tensors: conv1.weight [3,3,1,C1], norm1.weight, .bias, .mean and .variance [C1], conv2.weight [3,3,C1,C2], norm2.…,
/// linear1.weight [49·C2,hidden] and .bias, linear2.weight [hidden,classes] and .bias; folded, conv1.bias and conv2.bias in
/// place of the norms.
class Cnn final : public Model {
 public:
  /// Zero weights. Throws std::invalid_argument for widths below 1.
  explicit Cnn(const CnnOptions& options = {});

  /// The tensors above and no others; their shapes say the widths. Throws DataError.
  static Cnn from_safetensors(std::span<const std::byte> bytes);

  std::string_view kind() const override { return "cnn"; }
  /// Kaiming-uniform weights; the four layers that have some draw from streams 0 to 3 of `seed`.
  void initialize(std::uint64_t seed) override;
  /// Takes the norms into the convolutions; for inference.
  void fold();

  const CnnOptions& options() const { return options_; }

 private:
  CnnOptions options_;
};

}  // namespace optlab::image
