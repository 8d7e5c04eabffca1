#include "nn/batch_norm.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "core/error.h"
#include "core/math.h"
#include "nn/layer_kernels.h"
#include "nn/workers.h"

namespace optlab::nn {
namespace {

/// Rows of a partial sum: 16 KiB of 16 channels, which stay in the first-level cache between mean and variance.
constexpr int kBlockRows = 256;

int block_count(int rows) { return (rows + kBlockRows - 1) / kBlockRows; }
int block_size(int rows, int block) { return std::min(kBlockRows, rows - block * kBlockRows); }

Parameter vector_of(std::string name, int channels) {
  return {std::move(name), Tensor(Shape{std::max(channels, 0)}), {}, false};
}

void fill(Parameter& parameter, float value) {
  std::fill(parameter.value.values().begin(), parameter.value.values().end(), value);
}

float floor_of(gemm::Activation activation) {
  return activation == gemm::Activation::kRelu ? 0.0F : -std::numeric_limits<float>::infinity();
}

/// Calls body(first row, rows, partial) for all blocks of rows; a block has two partials of `channels` values, which lie
/// side by side in the scratch that this returns.
template <class Body>
const float* for_each_block(ConstMatrixView x, int streams, const Compute& compute, const Body& body) {
  const auto floats = static_cast<std::size_t>(block_count(x.rows)) * 2 * x.columns;
  compute.context.scratch.reserve(floats * sizeof(float));
  auto* partials = reinterpret_cast<float*>(compute.context.scratch.data());
  const double bytes = 4.0 * streams * x.rows * x.columns;
  detail::divide(compute, block_count(x.rows), 1, bytes, [&](parallel::Range blocks) {
    for (int b = blocks.begin; b < blocks.end; ++b) {
      body(b * kBlockRows, block_size(x.rows, b), partials + static_cast<std::ptrdiff_t>(b) * 2 * x.columns);
    }
  });
  return partials;
}

}  // namespace

BatchNorm::BatchNorm(std::string name, int channels, const BatchNormOptions& options)
    : Layer(std::move(name)),
      options_(options),
      channels_(channels),
      weight_(vector_of(this->name() + ".weight", channels)),
      bias_(vector_of(this->name() + ".bias", channels)),
      mean_(vector_of(this->name() + ".mean", channels)),
      variance_(vector_of(this->name() + ".variance", channels)) {
  initialize();
  if (channels >= 1 && options.epsilon > 0.0F && options.momentum >= 0.0F && options.momentum <= 1.0F) return;
  throw_invalid({"layer ", this->name(), ": channels is ", channels, ", epsilon ", options.epsilon, " and momentum ",
                 options.momentum, "; want channels >= 1, epsilon > 0 and momentum in [0, 1]"});
}

void BatchNorm::initialize() {
  fill(weight_, 1.0F);
  fill(bias_, 0.0F);
  fill(mean_, 0.0F);
  fill(variance_, 1.0F);
}

Shape BatchNorm::output_shape(const Shape& x) const {
  if (x.rank() < 2 || x[x.rank() - 1] != channels_) refuse("x", x, "[B,…," + std::to_string(channels_) + "]");
  return x;
}

std::vector<float> BatchNorm::scales(std::span<const float> variance) const {
  std::vector<float> scale(channels_);
  for (int c = 0; c < channels_; ++c) {
    scale[c] = weight_.value.values()[c] / math::sqrt(variance[c] + options_.epsilon);
  }
  return scale;
}

void BatchNorm::take_statistics(ConstMatrixView x, const Compute& compute) {
  const int C = channels_;
  const float* partials = for_each_block(x, 1, compute, [&](int first, int rows, float* partial) {
    detail::layer_kernels().moments(x.row(first), rows, C, partial, partial + C);
  });
  batch_mean_.resize(C);
  batch_variance_.resize(C);
  const auto total = static_cast<double>(x.rows);
  for (int c = 0; c < C; ++c) {
    double count = 0.0, mean = 0.0, squares = 0.0;
    for (int b = 0; b < block_count(x.rows); ++b) {
      const float* partial = partials + static_cast<std::ptrdiff_t>(b) * 2 * C + c;
      const double more = block_size(x.rows, b);
      const double difference = static_cast<double>(partial[0]) - mean;
      mean += difference * (more / (count + more));
      squares += static_cast<double>(partial[C]) + difference * difference * (count * more / (count + more));
      count += more;
    }
    batch_mean_[c] = static_cast<float>(mean);
    batch_variance_[c] = static_cast<float>(squares / total);
    const auto move = [&](float& running, double value) {
      running = (1.0F - options_.momentum) * running + options_.momentum * static_cast<float>(value);
    };
    move(mean_.value.values()[c], mean);
    move(variance_.value.values()[c], squares / (total - 1.0));
  }
  batch_scale_ = scales(batch_variance_);
}

void BatchNorm::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  const ConstMatrixView rows = x.matrix();
  std::vector<float> running_scale;
  if (pass.training) {
    if (rows.rows < 2) refuse("x", x.shape, "at least two rows to take a variance of");
    take_statistics(rows, pass.compute);
  } else {
    running_scale = scales(variance_.value.values());
  }
  const detail::Normalization by{pass.training ? batch_mean_.data() : mean_.value.values().data(),
                                 pass.training ? batch_scale_.data() : running_scale.data(),
                                 bias_.value.values().data(), floor_of(options_.activation)};
  detail::divide(pass.compute, rows.rows, 16, 8.0 * rows.rows * channels_, [&](parallel::Range range) {
    detail::layer_kernels().normalize(by, rows.row(range.begin), range.size(), channels_, y.matrix().row(range.begin));
  });
}

void BatchNorm::backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  check("dy", dy.shape, y.shape);
  if (!dx.empty()) check("dx", dx.shape, x.shape);
  const int C = channels_;
  const ConstMatrixView rows = x.matrix(), dy_rows = ConstTensorView(dy).matrix();
  const detail::Normalization by{batch_mean_.data(), batch_scale_.data(), bias_.value.values().data(),
                                 floor_of(options_.activation)};
  const float* partials = for_each_block(rows, 2, pass.compute, [&](int first, int count, float* partial) {
    detail::layer_kernels().normalize_sums(by, rows.row(first), dy_rows.row(first), count, C, partial, partial + C);
  });
  require_gradient(weight_);
  require_gradient(bias_);
  std::vector<float> subtrahend(C), slope(C);
  for (int c = 0; c < C; ++c) {
    double sum = 0.0, product = 0.0;
    for (int b = 0; b < block_count(rows.rows); ++b) {
      const float* partial = partials + static_cast<std::ptrdiff_t>(b) * 2 * C + c;
      sum += static_cast<double>(partial[0]);
      product += static_cast<double>(partial[C]);
    }
    const float inverse = 1.0F / math::sqrt(batch_variance_[c] + options_.epsilon);
    const auto count = static_cast<float>(rows.rows);
    bias_.gradient.values()[c] = static_cast<float>(sum);
    weight_.gradient.values()[c] = static_cast<float>(product) * inverse;
    subtrahend[c] = static_cast<float>(sum) / count;
    slope[c] = static_cast<float>(product) / count * (inverse * inverse);
  }
  if (dx.empty()) return;
  detail::divide(pass.compute, rows.rows, 16, 12.0 * rows.rows * C, [&](parallel::Range range) {
    detail::layer_kernels().normalize_backward(by, rows.row(range.begin), dy_rows.row(range.begin), subtrahend.data(),
                                               slope.data(), range.size(), C, dx.matrix().row(range.begin));
  });
}

bool BatchNorm::fold_into(Layer& before) const {
  const std::vector<float> scale = scales(variance_.value.values());
  std::vector<float> shift(channels_);
  for (int c = 0; c < channels_; ++c) {
    shift[c] = bias_.value.values()[c] - mean_.value.values()[c] * scale[c];
  }
  return before.absorb(scale, shift, options_.activation);
}

}  // namespace optlab::nn
