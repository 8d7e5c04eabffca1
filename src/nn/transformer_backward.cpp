#include <algorithm>
#include <vector>

#include "nn/attention_backward.h"
#include "nn/feed_forward.h"
#include "nn/forward_kernels.h"
#include "nn/norm.h"
#include "nn/projection.h"
#include "nn/residual.h"
#include "nn/self_attention.h"
#include "nn/training_kernels.h"
#include "nn/workers.h"

/// The gradients of a transformer's layers, apart from the layers: a program that trains none can do without them
/// (bindings/no_gradients.cpp).
namespace optlab::nn {
namespace {

constexpr double kSwiGluFlops = 30.0;  // an element of the hidden row, an exp counted as 20

/// What a row's backward needs to know of it again.
struct Statistics {
  float mean;
  float r;
};

constexpr double kNormFlops = 12.0;

/// weight's gradient, and bias' where it isn't null: sums over ascending rows, divided among the workers by columns.
void sum_rows(ConstMatrixView x, ConstMatrixView dy, std::span<const Statistics> rows, float* dweight, float* dbias,
              parallel::ThreadPool& pool) {
  const detail::TrainingKernels& kernels = detail::training_kernels();
  detail::for_row_ranges(pool, x.columns, kNormFlops * x.rows, 16, [&](int /*worker*/, parallel::Range columns) {
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

void RmsNorm::backward(ConstTensorView x, ConstTensorView /*y*/, TensorView dy, TensorView dx, const Pass& pass) {
  check("dy", dy.shape, output_shape(x.shape));
  if (!dx.empty()) check("dx", dx.shape, x.shape);
  require_gradient(weight_);
  const ConstMatrixView rows = x.matrix();
  const MatrixView gradient = dy.matrix(), to = dx.matrix();
  std::vector<Statistics> statistics(static_cast<std::size_t>(rows.rows));
  const detail::TrainingKernels& kernels = detail::training_kernels();
  parallel::ThreadPool& pool = pass.compute.context.pool;
  detail::for_rows(pool, rows.rows, kNormFlops * rows.columns, [&](int m) {
    statistics[m] = {0.0F, kernels.rms_norm_backward(rows.row(m), weight_.value.values().data(), gradient.row(m),
                                                     rows.columns, epsilon_, dx.empty() ? nullptr : to.row(m))};
  });
  sum_rows(rows, gradient, statistics, weight_.gradient.values().data(), nullptr, pool);
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
  detail::for_rows(pool, rows.rows, kNormFlops * rows.columns, [&](int m) {
    statistics[m].r =
        kernels.layer_norm_backward(rows.row(m), weight_.value.values().data(), gradient.row(m), rows.columns, epsilon_,
                                    dx.empty() ? nullptr : to.row(m), statistics[m].mean);
  });
  sum_rows(rows, gradient, statistics, weight_.gradient.values().data(), bias_.gradient.values().data(), pool);
}

void SwiGlu::backward(ConstTensorView x, ConstTensorView /*y*/, TensorView dy, TensorView dx, const Pass& pass) {
  check("dy", dy.shape, output_shape(x.shape));
  if (!dx.empty()) check("dx", dx.shape, x.shape);
  require_gradient(gate_up_);
  require_gradient(down_);
  const int rows = x.matrix().rows, F = hidden();
  const MatrixView products = detail::require_rows(products_, rows, 2 * F);
  const MatrixView h = detail::require_rows(hidden_, rows, F);
  detail::product(h.transposed(), dy.matrix(), down_.gradient.matrix(), pass.compute);
  detail::product(dy.matrix(), down_.value.matrix().transposed(), h, pass.compute);
  const detail::TrainingKernels& kernels = detail::training_kernels();
  detail::for_rows(pass.compute.context.pool, rows, kSwiGluFlops * F, [&](int m) {
    float* gate = products.row(m);
    kernels.swiglu_backward(gate, gate + F, h.row(m), F, gate, gate + F);
  });
  detail::product(x.matrix().transposed(), products, gate_up_.gradient.matrix(), pass.compute);
  if (!dx.empty()) detail::product(products, gate_up_.value.matrix().transposed(), dx.matrix(), pass.compute);
}

void SelfAttention::backward(ConstTensorView x, ConstTensorView /*y*/, TensorView dy, TensorView dx, const Pass& pass) {
  check("dy", dy.shape, output_shape(x.shape));
  if (!dx.empty()) check("dx", dx.shape, x.shape);
  require_gradient(joint_);
  require_gradient(output_);
  const int rows = x.shape[0] * x.shape[1];
  const MatrixView projected = detail::require_rows(projected_, rows, sizes_.projected());
  const MatrixView attended = detail::require_rows(attended_, rows, sizes_.size);
  detail::product(attended.transposed(), dy.matrix(), output_.gradient.matrix(), pass.compute);
  detail::product(dy.matrix(), output_.value.matrix().transposed(), attended, pass.compute);
  backward_heads(x.shape[0], x.shape[1], projected, attended, pass);
  detail::product(x.matrix().transposed(), projected, joint_.gradient.matrix(), pass.compute);
  if (!dx.empty()) detail::product(projected, joint_.value.matrix().transposed(), dx.matrix(), pass.compute);
}

/// Every group of every sequence by itself, one a worker at a time: their products are small.
void SelfAttention::backward_heads(int batch, int tokens, MatrixView projected, ConstMatrixView da, const Pass& pass) {
  const int G = sizes_.kv_heads, d = sizes_.head_size();
  parallel::ThreadPool& pool = pass.compute.context.pool;
  const detail::AttentionBackward task(tokens, sizes_.heads / G, d, rope_, pass.compute);
  const std::size_t each = task.scratch_floats();
  if (scratch_.size() < each * pool.threads()) scratch_ = AlignedBuffer<float>(each * pool.threads());
  const int workers = std::min(pool.threads(), batch * G);
  pool.run(workers, [&](int worker) {
    for (int i = worker; i < batch * G; i += workers) {
      const int first = i / G * tokens, g = i % G, group = sizes_.heads / G * d;
      const MatrixView own = projected.block(first, 0, tokens, projected.columns);
      task.run({.queries = own.block(0, g * group, tokens, group),
                .keys = own.block(0, sizes_.size + g * d, tokens, d),
                .values = own.block(0, sizes_.size + (G + g) * d, tokens, d),
                .doutput = da.block(first, g * group, tokens, group)},
               scratch_.data() + each * static_cast<std::size_t>(worker));
    }
  });
}

void Residual::backward(ConstTensorView x, ConstTensorView /*y*/, TensorView dy, TensorView dx, const Pass& pass) {
  check("dy", dy.shape, output_shape(x.shape));
  if (!dx.empty()) check("dx", dx.shape, x.shape);
  require(x.shape, true);
  parallel::ThreadPool& pool = pass.compute.context.pool;
  float* doutput = doutput_.values().data();
  detail::for_elements(pool, x.values.size(), [&](int begin, int count) {
    const float* from = dy.values.data() + begin;
    if (pass.training && dropout_.drops()) {
      dropout_.apply(from, begin, count, doutput + begin);
    } else {
      std::copy_n(from, count, doutput + begin);
    }
  });
  body_->backward(normed_.view(), output_.view(), doutput_.view(), dnormed_.view(), pass);
  norm_->backward(x, normed_.view(), dnormed_.view(), dx, pass);
  if (dx.empty()) return;
  const detail::ForwardKernels& kernels = detail::forward_kernels();
  detail::for_elements(pool, x.values.size(), [&](int begin, int count) {
    kernels.add(dy.values.data() + begin, dx.values.data() + begin, count, dx.values.data() + begin);
  });
}

}  // namespace optlab::nn
