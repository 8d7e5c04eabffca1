#include "nn/feed_forward.h"

#include <utility>

#include "core/math.h"
#include "nn/forward_kernels.h"
#include "nn/projection.h"
#include "nn/training_kernels.h"
#include "nn/workers.h"

namespace optlab::nn {
namespace {

constexpr double kFlops = 30.0;  // an element of the hidden row, an exp counted as 20

}  // namespace

SwiGlu::SwiGlu(std::string name, int size, int hidden)
    : Layer(std::move(name)),
      gate_up_(detail::make_weight(this->name(), "gate_up", size, 2 * hidden)),
      down_(detail::make_weight(this->name(), "down", hidden, size)) {}

void SwiGlu::initialize(const Rng& gate_up, const Rng& down, float output_scale) {
  const auto fan = [](const Parameter& weight) { return math::sqrt(static_cast<float>(weight.value.shape()[0])); };
  detail::fill_normal(gate_up_, gate_up, 0.5F / fan(gate_up_));
  detail::fill_normal(down_, down, 0.5F * output_scale / fan(down_));
}

Shape SwiGlu::output_shape(const Shape& x) const {
  const int size = gate_up_.value.shape()[0];
  if (x.rank() < 1 || x[x.rank() - 1] != size) refuse("x", x, "[...," + std::to_string(size) + "]");
  return x;
}

void SwiGlu::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  const int rows = x.matrix().rows, F = hidden();
  const MatrixView products = detail::require_rows(products_, rows, 2 * F);
  const MatrixView h = detail::require_rows(hidden_, rows, F);
  detail::product(x.matrix(), gate_up_.value.matrix(), products, pass.compute);
  const detail::ForwardKernels& kernels = detail::forward_kernels();
  detail::for_rows(pass.compute.context.pool, rows, kFlops * F,
                   [&](int m) { kernels.swiglu(products.row(m), products.row(m) + F, F, h.row(m)); });
  detail::product(h, down_.value.matrix(), y.matrix(), pass.compute);
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
  detail::for_rows(pass.compute.context.pool, rows, kFlops * F, [&](int m) {
    float* gate = products.row(m);
    kernels.swiglu_backward(gate, gate + F, h.row(m), F, gate, gate + F);
  });
  detail::product(x.matrix().transposed(), products, gate_up_.gradient.matrix(), pass.compute);
  if (!dx.empty()) detail::product(products, gate_up_.value.matrix().transposed(), dx.matrix(), pass.compute);
}

}  // namespace optlab::nn
