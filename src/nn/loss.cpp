#include "nn/loss.h"

#include <stdexcept>
#include <vector>

#include "core/error.h"
#include "core/math.h"
#include "core/tensor.h"
#include "nn/forward_kernels.h"
#include "nn/training_kernels.h"
#include "nn/workers.h"

namespace optlab::nn {
namespace {

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

constexpr double kFlops = 40.0;  // an element

void check(ConstMatrixView logits, std::span<const std::int32_t> labels) {
  if (logits.rows < 1 || labels.size() != static_cast<std::size_t>(logits.rows) || logits.column_stride != 1) {
    throw_invalid({"cross-entropy: logits are ", format_shape({logits.rows, logits.columns}), " and there are ",
                   labels.size(), " labels; want one a row, at least one row and adjacent columns"});
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= 0 && labels[i] < logits.columns) continue;
    throw_invalid({"cross-entropy: label ", labels[i], " in row ", i, "; ", logits.columns, " classes allow 0 to ",
                   logits.columns - 1});
  }
}

}  // namespace

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

void token_losses(ConstMatrixView logits, std::span<const std::int32_t> labels, std::span<float> losses,
                  parallel::ThreadPool& pool) {
  check(logits, labels);
  if (losses.size() != labels.size()) {
    throw_invalid({"cross-entropy: room for ", losses.size(), " losses of ", labels.size(), " rows"});
  }
  const detail::ForwardKernels& kernels = detail::forward_kernels();
  detail::for_rows(pool, logits.rows, kFlops * logits.columns, [&](int r) {
    const float* z = logits.row(r);
    float largest = 0.0F;
    const float sum = kernels.sum_of_exponentials(z, logits.columns, largest);
    losses[r] = math::log(sum) - (z[labels[r]] - largest);
  });
}

double token_cross_entropy(ConstMatrixView logits, std::span<const std::int32_t> labels, const MatrixView* gradient,
                           parallel::ThreadPool& pool) {
  check(logits, labels);
  if (gradient != nullptr && (gradient->rows != logits.rows || gradient->columns != logits.columns)) {
    throw std::invalid_argument("cross-entropy: the gradient is " + format_shape({gradient->rows, gradient->columns}) +
                                ", the logits are " + format_shape({logits.rows, logits.columns}));
  }
  const detail::ForwardKernels& kernels = detail::forward_kernels();
  const float factor = 1.0F / static_cast<float>(logits.rows);
  std::vector<float> losses(labels.size());
  detail::for_rows(pool, logits.rows, kFlops * logits.columns, [&](int r) {
    const float* z = logits.row(r);
    float largest = 0.0F;
    const float sum = kernels.sum_of_exponentials(z, logits.columns, largest);
    losses[r] = math::log(sum) - (z[labels[r]] - largest);
    if (gradient == nullptr) return;
    float* to = gradient->row(r);
    detail::training_kernels().scaled_exponentials(z, logits.columns, largest, sum, factor, to);
    to[labels[r]] -= factor;
  });
  double total = 0.0;
  for (const float loss : losses) total += static_cast<double>(loss);
  return total / static_cast<double>(logits.rows);
}

}  // namespace optlab::nn
