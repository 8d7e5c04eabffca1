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

/// Writes softmax(z) to `p` and returns -log softmax(z)[label].
float softmax_row(std::span<const float> z, int label, std::span<float> p) {
  const float largest = z[argmax(z)];
  float sum = 0.0F;
  for (std::size_t j = 0; j < z.size(); ++j) {
    p[j] = math::exp(z[j] - largest);
    sum += p[j];
  }
  for (float& value : p) value /= sum;
  return math::log(sum) - (z[label] - largest);
}

void check_labels(ConstMatrixView logits, std::span<const std::uint8_t> labels) {
  if (logits.rows < 1 || labels.size() != static_cast<std::size_t>(logits.rows)) {
    throw_invalid({"cross-entropy: logits are ", format_shape({logits.rows, logits.columns}), " and there are ",
                   labels.size(), " labels; want one a row and at least one row"});
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= logits.columns) {
      throw_invalid({"cross-entropy: label ", labels[i], " in row ", i, "; ", logits.columns, " classes allow 0 to ",
                     logits.columns - 1});
    }
  }
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

double softmax_cross_entropy(ConstMatrixView logits, std::span<const std::uint8_t> labels, const MatrixView* gradient) {
  check_labels(logits, labels);
  if (logits.column_stride != 1)
    throw std::invalid_argument("cross-entropy: the rows of the logits must be contiguous");
  if (gradient != nullptr && (gradient->rows != logits.rows || gradient->columns != logits.columns)) {
    throw_invalid({"cross-entropy: the gradient is ", format_shape({gradient->rows, gradient->columns}),
                   ", the logits are ", format_shape({logits.rows, logits.columns})});
  }
  const auto columns = static_cast<std::size_t>(logits.columns);
  const float batch = static_cast<float>(logits.rows);
  Tensor probabilities(Shape{logits.columns});
  double loss = 0.0;
  for (int r = 0; r < logits.rows; ++r) {
    const std::span<float> p = probabilities.values();
    loss += static_cast<double>(softmax_row({logits.row(r), columns}, labels[r], p));
    if (gradient == nullptr) continue;
    p[labels[r]] -= 1.0F;
    for (int j = 0; j < logits.columns; ++j) (*gradient)(r, j) = p[j] / batch;
  }
  return loss / static_cast<double>(logits.rows);
}

int argmax(std::span<const float> row) {
  std::size_t best = 0;
  for (std::size_t j = 1; j < row.size(); ++j) {
    if (row[j] > row[best] || (row[best] != row[best] && row[j] == row[j])) best = j;
  }
  return static_cast<int>(best);
}

}  // namespace optlab::nn
