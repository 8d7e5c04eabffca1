#include "nn/norm.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "attention/row_ops.h"
#include "nn/forward_kernels.h"
#include "nn/training_kernels.h"
#include "nn/workers.h"

namespace optlab::nn {
namespace {

Parameter vector_parameter(const std::string& layer, const char* what, int size, float epsilon, float value) {
  if (size < 1 || !(epsilon >= 0.0F)) {
    throw std::invalid_argument("layer " + layer + ": size is " + std::to_string(size) + " and epsilon " +
                                std::to_string(epsilon) + "; want a size >= 1 and an epsilon >= 0");
  }
  Parameter parameter{.name = layer + "." + what, .value = Tensor(Shape{size}), .gradient = {}, .decays = false};
  std::fill(parameter.value.values().begin(), parameter.value.values().end(), value);
  return parameter;
}

const attention::RowVariant& rows_of(const Pass& pass) {
  return attention::best_rows(pass.compute.context.pool.threads());
}

/// What a row's backward needs to know of it again.
struct Statistics {
  float mean;
  float r;
};

constexpr double kFlops = 12.0;

/// weight's gradient, and bias' where it isn't null: sums over ascending rows, divided among the workers by columns.
void sum_rows(ConstMatrixView x, ConstMatrixView dy, std::span<const Statistics> rows, float* dweight, float* dbias,
              parallel::ThreadPool& pool) {
  const detail::TrainingKernels& kernels = detail::training_kernels();
  detail::for_row_ranges(pool, x.columns, kFlops * x.rows, 16, [&](int /*worker*/, parallel::Range columns) {
    std::fill(dweight + columns.begin, dweight + columns.end, 0.0F);
    if (dbias != nullptr) std::fill(dbias + columns.begin, dbias + columns.end, 0.0F);
    for (int m = 0; m < x.rows; ++m) {
      const float* d = dy.row(m) + columns.begin;
      kernels.accumulate_weight(d, x.row(m) + columns.begin, rows[m].mean, rows[m].r, columns.size(),
                                dweight + columns.begin);
      if (dbias != nullptr)
        detail::forward_kernels().add(dbias + columns.begin, d, columns.size(), dbias + columns.begin);
    }
  });
}

}  // namespace

RmsNorm::RmsNorm(std::string name, int size, float epsilon)
    : Layer(std::move(name)),
      weight_(vector_parameter(this->name(), "weight", size, epsilon, 1.0F)),
      epsilon_(epsilon) {}

Shape RmsNorm::output_shape(const Shape& x) const {
  const int size = weight_.value.shape()[0];
  if (x.rank() < 1 || x[x.rank() - 1] != size) refuse("x", x, "[...," + std::to_string(size) + "]");
  return x;
}

void RmsNorm::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  attention::rms_norm(rows_of(pass), x.matrix(), weight_.value.values(), epsilon_, y.matrix(),
                      pass.compute.context.pool);
}

void RmsNorm::backward(ConstTensorView x, ConstTensorView /*y*/, TensorView dy, TensorView dx, const Pass& pass) {
  check("dy", dy.shape, output_shape(x.shape));
  if (!dx.empty()) check("dx", dx.shape, x.shape);
  require_gradient(weight_);
  const ConstMatrixView rows = x.matrix();
  const MatrixView gradient = dy.matrix(), to = dx.matrix();
  std::vector<Statistics> statistics(static_cast<std::size_t>(rows.rows));
  const detail::TrainingKernels& kernels = detail::training_kernels();
  parallel::ThreadPool& pool = pass.compute.context.pool;
  detail::for_rows(pool, rows.rows, kFlops * rows.columns, [&](int m) {
    statistics[m] = {0.0F, kernels.rms_norm_backward(rows.row(m), weight_.value.values().data(), gradient.row(m),
                                                     rows.columns, epsilon_, dx.empty() ? nullptr : to.row(m))};
  });
  sum_rows(rows, gradient, statistics, weight_.gradient.values().data(), nullptr, pool);
}

LayerNorm::LayerNorm(std::string name, int size, float epsilon)
    : Layer(std::move(name)),
      weight_(vector_parameter(this->name(), "weight", size, epsilon, 1.0F)),
      bias_(vector_parameter(this->name(), "bias", size, epsilon, 0.0F)),
      epsilon_(epsilon) {}

Shape LayerNorm::output_shape(const Shape& x) const {
  const int size = weight_.value.shape()[0];
  if (x.rank() < 1 || x[x.rank() - 1] != size) refuse("x", x, "[...," + std::to_string(size) + "]");
  return x;
}

void LayerNorm::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  attention::layer_norm(rows_of(pass), x.matrix(), weight_.value.values(), bias_.value.values(), epsilon_, y.matrix(),
                        pass.compute.context.pool);
}

void LayerNorm::backward(ConstTensorView x, ConstTensorView /*y*/, TensorView dy, TensorView dx, const Pass& pass) {
  check("dy", dy.shape, output_shape(x.shape));
  if (!dx.empty()) check("dx", dx.shape, x.shape);
  require_gradient(weight_);
  require_gradient(bias_);
  const ConstMatrixView rows = x.matrix();
  const MatrixView gradient = dy.matrix(), to = dx.matrix();
  std::vector<Statistics> statistics(static_cast<std::size_t>(rows.rows));
  const detail::TrainingKernels& kernels = detail::training_kernels();
  parallel::ThreadPool& pool = pass.compute.context.pool;
  detail::for_rows(pool, rows.rows, kFlops * rows.columns, [&](int m) {
    statistics[m].r =
        kernels.layer_norm_backward(rows.row(m), weight_.value.values().data(), gradient.row(m), rows.columns, epsilon_,
                                    dx.empty() ? nullptr : to.row(m), statistics[m].mean);
  });
  sum_rows(rows, gradient, statistics, weight_.gradient.values().data(), bias_.gradient.values().data(), pool);
}

}  // namespace optlab::nn
