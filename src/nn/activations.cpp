#include "nn/activations.h"

#include <algorithm>
#include <stdexcept>

#include "attention/row_ops.h"
#include "core/error.h"
#include "core/rng.h"
#include "nn/layer_kernels.h"
#include "nn/workers.h"

namespace optlab::nn {
namespace {

/// Streams of dropouts lie far above those of weights and shuffles.
constexpr std::uint32_t kDropoutStream = 1U << 24;

using Derivative = void (*)(const float* from, const float* dy, int n, float* dx) noexcept;

/// dx = kernel(from, dy), divided among the workers.
void differentiate(Derivative kernel, std::span<const float> from, const TensorView& dy, const TensorView& dx,
                   const Pass& pass) {
  if (dx.empty()) return;
  detail::divide_values(pass.compute, from.size(), 2, [&](parallel::Range range) {
    const int first = range.begin;
    kernel(from.data() + first, dy.values.data() + first, range.size(), dx.values.data() + first);
  });
}

}  // namespace

void Elementwise::check_shapes(const Shape& x, const Shape& y, const Shape& dy, const TensorView& dx) const {
  check("y", y, x);
  check("dy", dy, x);
  if (!dx.empty()) check("dx", dx.shape, x);
}

void Relu::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check_shapes(x.shape, y.shape);
  detail::divide_values(pass.compute, x.values.size(), 1, [&](parallel::Range range) {
    detail::layer_kernels().relu(x.values.data() + range.begin, range.size(), y.values.data() + range.begin);
  });
}

void Relu::backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) {
  check_shapes(x.shape, y.shape, dy.shape, dx);
  differentiate(detail::layer_kernels().relu_backward, y.values, dy, dx, pass);
}

void Gelu::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check_shapes(x.shape, y.shape);
  attention::gelu(attention::best_rows(pass.compute.threads()), x.matrix(), y.matrix(), pass.compute.context.pool);
}

void Gelu::backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) {
  check_shapes(x.shape, y.shape, dy.shape, dx);
  differentiate(detail::activation_kernels().gelu_backward, x.values, dy, dx, pass);
}

void Silu::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check_shapes(x.shape, y.shape);
  attention::silu(attention::best_rows(pass.compute.threads()), x.matrix(), y.matrix(), pass.compute.context.pool);
}

void Silu::backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) {
  check_shapes(x.shape, y.shape, dy.shape, dx);
  differentiate(detail::activation_kernels().silu_backward, x.values, dy, dx, pass);
}

Dropout::Dropout(std::string name, float rate, std::uint32_t stream)
    : Elementwise(std::move(name)), rate_(rate), stream_(stream) {
  if (rate >= 0.0F && rate < 1.0F) return;
  throw_invalid({"layer ", this->name(), ": rate is ", rate, "; it must be at least 0 and less than 1"});
}

void Dropout::drop(std::span<const float> from, std::span<float> to, const Pass& pass) const {
  const Rng rng(pass.seed, kDropoutStream + stream_);
  const auto first_group = std::uint64_t{pass.step} << 30;
  const auto dropped_below = static_cast<std::uint32_t>(rate_ * 0x1p24F);
  const float scale = 1.0F / (1.0F - rate_);
  detail::divide_values(pass.compute, from.size(), 20, [&](parallel::Range range) {  // random numbers cost the most
    for (int i = range.begin; i < range.end; i += 4) {
      const auto bits = rng.four_bits(first_group + static_cast<std::uint64_t>(i / 4));
      for (int j = i; j < std::min(i + 4, range.end); ++j) {
        to[j] = bits[j - i] >> 8 < dropped_below ? 0.0F : from[j] * scale;
      }
    }
  });
}

void Dropout::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check_shapes(x.shape, y.shape);
  if (pass.training && rate_ > 0.0F) return drop(x.values, y.values, pass);
  std::copy(x.values.begin(), x.values.end(), y.values.begin());
}

void Dropout::backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) {
  check_shapes(x.shape, y.shape, dy.shape, dx);
  if (dx.empty()) return;
  if (rate_ > 0.0F) return drop(dy.values, dx.values, pass);
  std::copy(dy.values.begin(), dy.values.end(), dx.values.begin());
}

Shape Flatten::output_shape(const Shape& x) const {
  if (x.rank() < 1) refuse("x", x, "[B,…]");
  int size = 1;
  for (int axis = 1; axis < x.rank(); ++axis) size *= x[axis];
  return {x[0], size};
}

void Flatten::forward(ConstTensorView x, TensorView y, const Pass& /*pass*/) {
  check("y", y.shape, output_shape(x.shape));
  std::copy(x.values.begin(), x.values.end(), y.values.begin());
}

void Flatten::backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& /*pass*/) {
  check("y", y.shape, output_shape(x.shape));
  check("dy", dy.shape, y.shape);
  if (dx.empty()) return;
  check("dx", dx.shape, x.shape);
  std::copy(dy.values.begin(), dy.values.end(), dx.values.begin());
}

}  // namespace optlab::nn
