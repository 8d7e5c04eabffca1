#include "nn/linear.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/error.h"
#include "core/math.h"

namespace optlab::nn {
namespace {

int checked_extent(const std::string& name, int extent, const char* what) {
  if (extent < 1) {
    throw std::invalid_argument("layer " + name + ": " + what + " is " + std::to_string(extent) + "; it must be >= 1");
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
    throw std::invalid_argument("cross-entropy: logits are " + format_shape({logits.rows, logits.columns}) +
                                " and there are " + std::to_string(labels.size()) +
                                " labels; want one a row and at least one row");
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= logits.columns) {
      throw std::invalid_argument("cross-entropy: label " + std::to_string(labels[i]) + " in row " + std::to_string(i) +
                                  "; " + std::to_string(logits.columns) + " classes allow 0 to " +
                                  std::to_string(logits.columns - 1));
    }
  }
}

}  // namespace

Linear::Linear(std::string name, int inputs, int outputs)
    : name_(std::move(name)),
      inputs_(checked_extent(name_, inputs, "inputs")),
      outputs_(checked_extent(name_, outputs, "outputs")),
      weight_(Shape{inputs, outputs}),
      bias_(Shape{outputs}) {}

void Linear::initialize(const Rng& rng) {
  const float bound = math::sqrt(6.0F / static_cast<float>(inputs_));
  rng.fill_uniform(weight(), -bound, bound);
  std::fill(bias().begin(), bias().end(), 0.0F);
}

void Linear::prepare(const gemm::Variant& variant) {
  if (!packed_.fits(variant)) packed_ = gemm::PackedMatrix(variant, std::as_const(weight_).matrix());
}

void Linear::check(std::string_view operand, int rows, int columns, int want_rows, int want_columns) const {
  if (rows == want_rows && columns == want_columns) return;
  throw std::invalid_argument("layer " + name_ + ": " + std::string(operand) + " is " + format_shape({rows, columns}) +
                              ", want " + format_shape({want_rows, want_columns}));
}

void Linear::forward(ConstMatrixView x, MatrixView y, gemm::Activation activation, const Compute& compute) const {
  check("x", x.rows, x.columns, x.rows, inputs_);
  check("y", y.rows, y.columns, x.rows, outputs_);
  const gemm::Variant& variant = compute.choose(x.rows, outputs_, inputs_);
  const gemm::Epilogue epilogue{bias_.values().data(), activation};
  if (packed_.fits(variant)) {
    gemm::multiply(variant, x, packed_, y, epilogue, compute.context);
  } else {
    gemm::multiply(variant, {x, weight_.matrix(), y, epilogue}, compute.context);
  }
}

void Linear::backward(ConstMatrixView x, ConstMatrixView dy, const Gradient& gradient, const MatrixView* dx,
                      const Compute& compute) const {
  check("x", x.rows, x.columns, x.rows, inputs_);
  check("dy", dy.rows, dy.columns, x.rows, outputs_);
  check("dW", gradient.weight.rows, gradient.weight.columns, inputs_, outputs_);
  check("db", 1, static_cast<int>(gradient.bias.size()), 1, outputs_);
  gemm::multiply(compute.choose(inputs_, outputs_, x.rows), {x.transposed(), dy, gradient.weight}, compute.context);
  std::fill(gradient.bias.begin(), gradient.bias.end(), 0.0F);
  for (int r = 0; r < dy.rows; ++r) {
    for (int j = 0; j < outputs_; ++j) gradient.bias[j] += dy(r, j);
  }
  if (dx == nullptr) return;
  check("dx", dx->rows, dx->columns, x.rows, inputs_);
  gemm::multiply(compute.choose(x.rows, inputs_, outputs_), {dy, weight_.matrix().transposed(), *dx}, compute.context);
}

void relu_backward(ConstMatrixView y, MatrixView dy) {
  if (y.rows != dy.rows || y.columns != dy.columns) {
    throw std::invalid_argument("relu: y is " + format_shape({y.rows, y.columns}) + " and dy " +
                                format_shape({dy.rows, dy.columns}) + "; they must agree");
  }
  for (int r = 0; r < y.rows; ++r) {
    for (int j = 0; j < y.columns; ++j) dy(r, j) = y(r, j) > 0.0F ? dy(r, j) : 0.0F;
  }
}

double softmax_cross_entropy(ConstMatrixView logits, std::span<const std::uint8_t> labels, const MatrixView* gradient) {
  check_labels(logits, labels);
  if (logits.column_stride != 1)
    throw std::invalid_argument("cross-entropy: the rows of the logits must be contiguous");
  if (gradient != nullptr && (gradient->rows != logits.rows || gradient->columns != logits.columns)) {
    throw std::invalid_argument("cross-entropy: the gradient is " + format_shape({gradient->rows, gradient->columns}) +
                                ", the logits are " + format_shape({logits.rows, logits.columns}));
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
