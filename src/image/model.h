#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "nn/sequential.h"

namespace optlab::image {

/// A network that classifies: layers that turn an example into logits, one a class. `Mlp` and `Cnn` are two.
class Model {
 public:
  virtual ~Model() = default;
  Model(Model&&) = default;
  Model& operator=(Model&&) = default;

  /// As "model" in a checkpoint's metadata: "mlp", "cnn".
  virtual std::string_view kind() const = 0;
  /// Random weights, a pure function of the seed; biases 0.
  virtual void initialize(std::uint64_t seed) = 0;

  /// Values of an example and classes.
  int inputs() const { return inputs_; }
  int outputs() const { return outputs_; }
  /// The shape of a batch of examples: [B,784] or [B,28,28,1].
  Shape input_shape(int batch) const;
  nn::Sequential& network() { return *network_; }
  const nn::Sequential& network() const { return *network_; }

  /// The tensors of a checkpoint: parameters, then buffers. Callers may write through these, as with Layer::parameters.
  std::vector<nn::Parameter*> tensors() const;
  /// Number of learned values.
  std::size_t parameter_count() const;
  /// The digest of all tensors of the checkpoint, in order.
  std::string parameter_digest() const;
  /// The tensors as F32, with "model" in the metadata unless it is there.
  std::vector<std::byte> to_safetensors(checkpoint::SafetensorsMetadata metadata = {}) const;

  /// Packs all weights for `variant` (Layer::prepare).
  void prepare(const gemm::Variant& variant) { network_->prepare(variant); }
  /// Bytes of packed weights, beside the 4 · parameter_count() of the weights themselves.
  std::size_t packed_bytes() const { return network_->packed_bytes(); }

  /// logits[B, outputs] for x[B, inputs], B >= 0, rows contiguous and adjacent.
  /// Throws: std::invalid_argument for a wrong shape. Exact with an exact variant; a row does not depend on the batch.
  /// Memory: works in blocks of rows, so that activations take at most a few MB however large B is.
  /// `observer` is told of the layers of every block.
  void logits(ConstMatrixView x, MatrixView logits, const nn::Compute& compute, profile::Observer* observer = nullptr);

 protected:
  /// A model without layers so far; `example` is the shape of one example.
  explicit Model(std::vector<int> example);
  /// To be called once all layers are there; checks that they fit together.
  void finish();
  /// Throws DataError unless `file` has exactly the tensors of this model; `what` says what that is ("an MLP of 3 layers").
  void load(const checkpoint::Safetensors& file, const std::string& what);

 private:
  std::vector<int> example_;
  std::unique_ptr<nn::Sequential> network_;
  int inputs_ = 0;
  int outputs_ = 0;
  int block_rows_ = 1;
};

/// What a model says about a set of images.
struct Classification {
  std::vector<std::uint8_t> predictions;  // one class an image: argmax, lowest index on ties
  std::vector<float> logits;              // [n, outputs]: the scores before softmax
  std::string logits_digest;              // of all logits in order
};

/// Classifies 8-bit images, `pixels` being n * model.inputs() of them; each pixel enters as p/255.
/// Throws: std::invalid_argument if `pixels` is not a whole number of images or the model has more than 256 classes.
Classification classify(Model& model, std::span<const std::uint8_t> pixels, const nn::Compute& compute);

/// The fraction of predictions that equal their labels, in [0, 1]. Throws std::invalid_argument if there are none or
/// the numbers differ.
double accuracy(std::span<const std::uint8_t> predictions, std::span<const std::uint8_t> labels);

}  // namespace optlab::image
