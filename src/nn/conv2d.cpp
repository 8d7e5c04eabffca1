#include "nn/conv2d.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "conv/conv_gradient.h"
#include "core/error.h"
#include "core/math.h"
#include "nn/layer_steps.h"

namespace optlab::nn {
namespace {

conv::Geometry geometry_of(const Conv2dOptions& o, int channels, int outputs) {
  conv::Geometry g;
  g.channels = channels;
  g.outputs = outputs;
  g.kernel_height = o.kernel_height;
  g.kernel_width = o.kernel_width;
  g.stride = o.stride;
  g.padding = o.padding;
  g.dilation = o.dilation;
  g.groups = o.groups;
  return g;
}

void check(const std::string& name, const conv::Geometry& geometry) {
  try {
    conv::check(geometry);
  } catch (const std::invalid_argument& error) {
    throw_invalid({"layer ", name, ": ", error.what()});
  }
}

/// With an image that the kernel just fits into, so that only the options are judged.
Shape weight_shape(const std::string& name, conv::Geometry g) {
  g.height = std::max(1LL, std::min(1LL << 20, 1LL + static_cast<long long>(g.dilation) * (g.kernel_height - 1)));
  g.width = std::max(1LL, std::min(1LL << 20, 1LL + static_cast<long long>(g.dilation) * (g.kernel_width - 1)));
  check(name, g);
  return {g.kernel_height, g.kernel_width, g.group_channels(), g.outputs};
}

}  // namespace

Conv2d::Conv2d(std::string name, int channels, int outputs, const Conv2dOptions& options)
    : Layer(std::move(name)),
      options_(options),
      channels_(channels),
      outputs_(outputs),
      weight_{this->name() + ".weight",
              Tensor(weight_shape(this->name(), geometry_of(options, channels, outputs))),
              {},
              true},
      bias_{this->name() + ".bias", Tensor(Shape{options.bias ? outputs : 0}), {}, false} {}

conv::Geometry Conv2d::geometry(const Shape& x) const {
  if (x.rank() != 4 || x[3] != channels_) refuse("x", x, text({"[B,H,W,", channels_, "]"}));
  conv::Geometry g = geometry_of(options_, channels_, outputs_);
  g.batch = x[0];
  g.height = x[1];
  g.width = x[2];
  nn::check(name(), g);
  return g;
}

void Conv2d::initialize(const Rng& rng) {
  const int depth = options_.kernel_height * options_.kernel_width * (channels_ / options_.groups);
  const float bound = math::sqrt(6.0F / static_cast<float>(depth));
  rng.fill_uniform(weight(), -bound, bound);
  std::fill(bias().begin(), bias().end(), 0.0F);
}

std::vector<Parameter*> Conv2d::parameters() {
  packed_ = {};
  if (!options_.bias) return {&weight_};
  return {&weight_, &bias_};
}

void Conv2d::prepare(const gemm::Variant& variant) {
  // The image's extents don't matter to a packed filter.
  conv::Geometry g = geometry_of(options_, channels_, outputs_);
  g.height = 1 + g.dilation * (g.kernel_height - 1);
  g.width = 1 + g.dilation * (g.kernel_width - 1);
  const conv::Variant& chosen = conv::best_of(variant.isa, variant.mode, variant.threaded, g);
  if (!packed_.fits(chosen, g)) packed_ = {chosen, g, std::as_const(weight_.value).values()};
}

bool Conv2d::absorb(std::span<const float> scale, std::span<const float> shift, gemm::Activation activation) {
  if (options_.activation != gemm::Activation::kNone || scale.size() != static_cast<std::size_t>(outputs_))
    return false;
  if (!options_.bias) bias_.value = Tensor(Shape{outputs_});
  options_.bias = true;
  options_.activation = activation;
  packed_ = {};
  detail::scale_columns(weight_.value.values(), bias_.value.values(), scale, shift);
  return true;
}

Shape Conv2d::output_shape(const Shape& x) const {
  const conv::Geometry g = geometry(x);
  return {g.batch, g.output_height(), g.output_width(), g.outputs};
}

void Conv2d::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  if (pass.training) packed_ = {};  // the weights are about to change
  const conv::Geometry g = geometry(x.shape);
  const conv::Variant& variant = pass.compute.choose(g);
  const gemm::Epilogue epilogue{options_.bias ? bias_.value.values().data() : nullptr, options_.activation};
  if (packed_.fits(variant, g)) {
    conv::convolve(variant, g, x.values, packed_, y.values, epilogue, pass.compute.context);
  } else {
    const conv::PackedFilter filter(variant, g, std::as_const(weight_.value).values());
    conv::convolve(variant, g, x.values, filter, y.values, epilogue, pass.compute.context);
  }
}

void Conv2d::backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  check("dy", dy.shape, y.shape);
  if (!dx.empty()) check("dx", dx.shape, x.shape);
  const Compute& compute = pass.compute;
  if (options_.activation == gemm::Activation::kRelu) detail::relu_backward(compute, y.values, dy.values);
  const conv::Geometry g = geometry(x.shape);
  const conv::GradientVariant& variant = compute.choose_gradient();
  require_gradient(weight_);
  conv::weight_gradient(variant, g, x.values, dy.values, weight_.gradient.values(), compute.context);
  if (options_.bias) {
    require_gradient(bias_);
    detail::sum_rows(ConstTensorView(dy).matrix(), bias_.gradient.values());
  }
  if (dx.empty()) return;
  conv::input_gradient(variant, g, std::as_const(weight_.value).values(), dy.values, dx.values, compute.context);
}

}  // namespace optlab::nn
