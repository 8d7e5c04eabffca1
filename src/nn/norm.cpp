#include "nn/norm.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "attention/row_ops.h"
#include "core/error.h"

namespace optlab::nn {
namespace {

Parameter vector_parameter(const std::string& layer, const char* what, int size, float epsilon, float value) {
  if (size < 1 || !(epsilon >= 0.0F)) {
    throw_invalid(
        {"layer ", layer, ": size is ", size, " and epsilon ", epsilon, "; want a size >= 1 and an epsilon >= 0"});
  }
  Parameter parameter{.name = layer + "." + what, .value = Tensor(Shape{size}), .gradient = {}, .decays = false};
  std::fill(parameter.value.values().begin(), parameter.value.values().end(), value);
  return parameter;
}

const attention::RowVariant& rows_of(const Pass& pass) {
  return attention::best_rows(pass.compute.context.pool.threads());
}

}  // namespace

RmsNorm::RmsNorm(std::string name, int size, float epsilon)
    : Layer(std::move(name)),
      weight_(vector_parameter(this->name(), "weight", size, epsilon, 1.0F)),
      epsilon_(epsilon) {}

Shape RmsNorm::output_shape(const Shape& x) const {
  const int size = weight_.value.shape()[0];
  if (x.rank() < 1 || x[x.rank() - 1] != size) refuse("x", x, text({"[...,", size, "]"}));
  return x;
}

void RmsNorm::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  attention::rms_norm(rows_of(pass), x.matrix(), weight_.value.values(), epsilon_, y.matrix(),
                      pass.compute.context.pool);
}

LayerNorm::LayerNorm(std::string name, int size, float epsilon)
    : Layer(std::move(name)),
      weight_(vector_parameter(this->name(), "weight", size, epsilon, 1.0F)),
      bias_(vector_parameter(this->name(), "bias", size, epsilon, 0.0F)),
      epsilon_(epsilon) {}

Shape LayerNorm::output_shape(const Shape& x) const {
  const int size = weight_.value.shape()[0];
  if (x.rank() < 1 || x[x.rank() - 1] != size) refuse("x", x, text({"[...,", size, "]"}));
  return x;
}

void LayerNorm::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  attention::layer_norm(rows_of(pass), x.matrix(), weight_.value.values(), bias_.value.values(), epsilon_, y.matrix(),
                        pass.compute.context.pool);
}

}  // namespace optlab::nn
