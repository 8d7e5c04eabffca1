#include "conv/conv_driver.h"

/// The reference: the definition as seven loops. The build turns the compiler's own vectorizer off for this file.
namespace optlab::conv::detail {
namespace {

/// One output element: the products in the order of (kh, kw, c), padding as zeros.
float sum_at(const Problem& problem, int n, int oy, int ox, int oc) {
  const Geometry& g = problem.geometry;
  const int first_channel = oc / g.group_outputs() * g.group_channels();
  const float* weight = problem.filter + oc;
  float sum = 0.0F;
  for (int kh = 0; kh < g.kernel_height; ++kh) {
    const int y = oy * g.stride - g.padding + kh * g.dilation;
    for (int kw = 0; kw < g.kernel_width; ++kw) {
      const int x = ox * g.stride - g.padding + kw * g.dilation;
      const bool inside = y >= 0 && y < g.height && x >= 0 && x < g.width;
      const auto position = (static_cast<std::ptrdiff_t>(n) * g.height + y) * g.width + x;
      for (int c = 0; c < g.group_channels(); ++c, weight += g.outputs) {
        sum += (inside ? problem.input[position * g.channels + first_channel + c] : 0.0F) * *weight;
      }
    }
  }
  return sum;
}

}  // namespace

void run_naive(const Problem& problem) noexcept {
  const Geometry& g = problem.geometry;
  float* to = problem.output;
  for (int n = 0; n < g.batch; ++n) {
    for (int oy = 0; oy < g.output_height(); ++oy) {
      for (int ox = 0; ox < g.output_width(); ++ox) {
        for (int oc = 0; oc < g.outputs; ++oc) {
          float sum = sum_at(problem, n, oy, ox, oc);
          if (problem.epilogue.bias != nullptr) sum += problem.epilogue.bias[oc];
          if (problem.epilogue.activation == Activation::kRelu && sum < 0.0F) sum = 0.0F;
          *to++ = sum;
        }
      }
    }
  }
}

}  // namespace optlab::conv::detail
