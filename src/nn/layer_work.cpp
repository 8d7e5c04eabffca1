// What each layer computes and moves in a forward pass outside of training.
#include <algorithm>

#include "nn/activations.h"
#include "nn/batch_norm.h"
#include "nn/conv2d.h"
#include "nn/linear.h"
#include "nn/pooling.h"
#include "nn/sequential.h"
#include "profile/flop_counter.h"

namespace optlab::nn {
namespace {

using profile::FlopCounter;
using profile::Work;

std::int64_t elements(const Shape& shape) { return static_cast<std::int64_t>(shape.element_count()); }

/// All axes but the last.
int rows(const Shape& x) { return static_cast<int>(x.element_count()) / std::max(1, x[x.rank() - 1]); }

/// Done on values that are in registers anyway: arithmetic, but no bytes.
Work fused(gemm::Activation activation, std::int64_t count) {
  return activation == gemm::Activation::kRelu ? Work{.comparisons = count} : Work{};
}

Work copy(const Shape& x) {
  const std::int64_t bytes = 4 * elements(x);
  return {.bytes_read = bytes, .bytes_written = bytes};
}

}  // namespace

profile::LayerInfo info_of(const Layer& layer, const Shape& x, const Pass& pass) {
  if (pass.observer == nullptr) return {};
  return {layer.name(), layer.kind(), layer.work(x), layer.output_shape(x)};
}

Work Linear::work(const Shape& x) const {
  return FlopCounter::linear({rows(x), inputs_, outputs_, options_.bias}) +
         fused(options_.activation, elements(output_shape(x)));
}

Work Conv2d::work(const Shape& x) const {
  const profile::Conv2dShape shape{x[0],
                                   x[1],
                                   x[2],
                                   channels_,
                                   outputs_,
                                   options_.kernel_height,
                                   options_.kernel_width,
                                   options_.stride,
                                   options_.padding,
                                   options_.dilation,
                                   options_.groups,
                                   options_.bias};
  return FlopCounter::conv2d(shape) + fused(options_.activation, elements(output_shape(x)));
}

Work BatchNorm::work(const Shape& x) const {
  return FlopCounter::batch_norm(rows(x), channels_) + fused(options_.activation, elements(x));
}

Work MaxPool2d::work(const Shape& x) const {
  return FlopCounter::max_pool(x[0], x[1], x[2], x[3], options().kernel, options().stride);
}

Work AvgPool2d::work(const Shape& x) const {
  return FlopCounter::average_pool(x[0], x[1], x[2], x[3], options().kernel, options().stride);
}

Work GlobalAvgPool2d::work(const Shape& x) const {
  const std::int64_t outputs = elements(output_shape(x));
  return {.additions = elements(x), .divisions = outputs, .bytes_read = 4 * elements(x), .bytes_written = 4 * outputs};
}

Work Relu::work(const Shape& x) const { return FlopCounter::relu(elements(x)); }
Work Gelu::work(const Shape& x) const { return FlopCounter::gelu(elements(x)); }
Work Silu::work(const Shape& x) const { return FlopCounter::silu(elements(x)); }
Work Dropout::work(const Shape& x) const { return copy(x); }
Work Flatten::work(const Shape& x) const { return copy(x); }

Work Sequential::work(const Shape& /*x*/) const { return {}; }

}  // namespace optlab::nn
