#include "nn/layer.h"

#include "core/error.h"

namespace optlab::nn {

void Layer::refuse(std::string_view operand, const Shape& shape, std::string_view want) const {
  throw_invalid({"layer ", name_, ": ", operand, " is ", shape.to_string(), ", want ", want});
}

void Layer::check(std::string_view operand, const Shape& shape, const Shape& want) const {
  if (shape != want) refuse(operand, shape, want.to_string());
}

void require_gradient(Parameter& parameter) {
  if (parameter.gradient.shape() != parameter.value.shape()) parameter.gradient = Tensor(parameter.value.shape());
}

}  // namespace optlab::nn
