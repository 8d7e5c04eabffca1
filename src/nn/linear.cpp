#include "nn/linear.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "core/error.h"
#include "core/math.h"
#include "nn/layer_steps.h"

namespace optlab::nn {
namespace {

int checked_extent(const std::string& name, int extent, const char* what) {
  if (extent < 1) {
    throw_invalid({"layer ", name, ": ", what, " is ", extent, "; it must be >= 1"});
  }
  return extent;
}

}  // namespace

Linear::Linear(std::string name, int inputs, int outputs, LinearOptions options)
    : Layer(std::move(name)),
      options_(options),
      inputs_(checked_extent(this->name(), inputs, "inputs")),
      outputs_(checked_extent(this->name(), outputs, "outputs")),
      weight_{this->name() + ".weight", Tensor(Shape{inputs, outputs}), {}, true},
      bias_{this->name() + ".bias", Tensor(Shape{options.bias ? outputs : 0}), {}, false} {}

void Linear::initialize(const Rng& rng) {
  const float bound = math::sqrt(6.0F / static_cast<float>(inputs_));
  rng.fill_uniform(weight(), -bound, bound);
  std::fill(bias().begin(), bias().end(), 0.0F);
}

std::vector<Parameter*> Linear::parameters() {
  packed_ = {};
  if (!options_.bias) return {&weight_};
  return {&weight_, &bias_};
}

void Linear::prepare(const gemm::Variant& variant) {
  if (!packed_.fits(variant)) packed_ = gemm::PackedMatrix(variant, std::as_const(weight_.value).matrix());
}

bool Linear::absorb(std::span<const float> scale, std::span<const float> shift, gemm::Activation activation) {
  if (options_.activation != gemm::Activation::kNone || scale.size() != static_cast<std::size_t>(outputs_))
    return false;
  if (!options_.bias) bias_.value = Tensor(Shape{outputs_});
  options_ = {true, activation};
  packed_ = {};
  detail::scale_columns(weight_.value.values(), bias_.value.values(), scale, shift);
  return true;
}

Shape Linear::output_shape(const Shape& x) const {
  std::array<int, Shape::kMaxRank> extents{};
  for (int axis = 0; axis < x.rank(); ++axis) extents[axis] = x[axis];
  const auto shape = [&](int last) {
    extents[std::max(x.rank() - 1, 0)] = last;
    return Shape(std::span<const int>(extents).first(std::max(x.rank(), 1)));
  };
  check("x", x, shape(inputs_));
  return shape(outputs_);
}

void Linear::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  if (pass.training) packed_ = {};  // the weights are about to change
  const ConstMatrixView rows = x.matrix();
  const gemm::Variant& variant = pass.compute.choose(rows.rows, outputs_, inputs_);
  const gemm::Epilogue epilogue{options_.bias ? bias_.value.values().data() : nullptr, options_.activation};
  if (packed_.fits(variant)) {
    gemm::multiply(variant, rows, packed_, y.matrix(), epilogue, pass.compute.context);
  } else {
    gemm::multiply(variant, {rows, std::as_const(weight_.value).matrix(), y.matrix(), epilogue}, pass.compute.context);
  }
}

void Linear::backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  check("dy", dy.shape, y.shape);
  if (!dx.empty()) check("dx", dx.shape, x.shape);
  const Compute& compute = pass.compute;
  if (options_.activation == gemm::Activation::kRelu) detail::relu_backward(compute, y.values, dy.values);
  require_gradient(weight_);
  const ConstMatrixView rows = x.matrix(), dz = ConstTensorView(dy).matrix();
  gemm::multiply(compute.choose(inputs_, outputs_, rows.rows), {rows.transposed(), dz, weight_.gradient.matrix()},
                 compute.context);
  if (options_.bias) {
    require_gradient(bias_);
    detail::sum_rows(dz, bias_.gradient.values());
  }
  if (dx.empty()) return;
  gemm::multiply(compute.choose(rows.rows, inputs_, outputs_),
                 {dz, std::as_const(weight_.value).matrix().transposed(), dx.matrix()}, compute.context);
}

}  // namespace optlab::nn
