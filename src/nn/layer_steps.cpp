#include "nn/layer_steps.h"

#include <algorithm>

#include "nn/layer_kernels.h"
#include "nn/workers.h"

namespace optlab::nn::detail {

void relu_backward(const Compute& compute, std::span<const float> y, std::span<float> dy) {
  divide_values(compute, dy.size(), 2, [&](parallel::Range range) {
    float* part = dy.data() + range.begin;
    layer_kernels().relu_backward(y.data() + range.begin, part, range.size(), part);
  });
}

void sum_rows(ConstMatrixView matrix, std::span<float> sums) {
  std::fill(sums.begin(), sums.end(), 0.0F);
  if (matrix.rows > 0) layer_kernels().column_sums(matrix.data, matrix.rows, matrix.columns, sums.data());
}

void scale_columns(std::span<float> weight, std::span<float> bias, std::span<const float> scale,
                   std::span<const float> shift) {
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] *= scale[i % scale.size()];
  for (std::size_t o = 0; o < bias.size(); ++o) bias[o] = bias[o] * scale[o] + shift[o];
}

}  // namespace optlab::nn::detail
