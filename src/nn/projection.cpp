#include "nn/projection.h"

#include <stdexcept>

#include "core/error.h"

namespace optlab::nn::detail {

Parameter make_weight(const std::string& layer, const char* what, int inputs, int outputs) {
  if (inputs < 1 || outputs < 1) {
    throw_invalid({"layer ", layer, ": ", what, " would be [", inputs, ",", outputs, "]; both must be >= 1"});
  }
  return {.name = layer + "." + what, .value = Tensor(Shape{inputs, outputs}), .gradient = {}, .decays = true};
}

void fill_normal(Parameter& weight, const Rng& rng, float deviation) {
  const std::span<float> values = weight.value.values();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = deviation * rng.normal(i);
}

void product(ConstMatrixView a, ConstMatrixView b, MatrixView c, const Compute& compute) {
  gemm::multiply(compute.choose(c.rows, c.columns, a.columns), {a, b, c}, compute.context);
}

gemm::Mode mode_of(const Compute& compute) { return compute.variant != nullptr ? compute.variant->mode : compute.mode; }

MatrixView require_rows(Tensor& tensor, int rows, int columns) {
  if (tensor.shape().rank() != 2 || tensor.shape()[0] < rows || tensor.shape()[1] != columns) {
    tensor = Tensor(Shape{rows, columns});
  }
  return tensor.matrix().block(0, 0, rows, columns);
}

}  // namespace optlab::nn::detail
