#include "conv/conv_gradient.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/test_support.h"

namespace optlab::conv {
namespace {

// {batch, H, W, C, OC, KH, KW, stride, padding, dilation, groups}: both ways of the input's gradient (stride, oblong
// kernels and wide padding take the general one), channels and outputs around lanes and panels, more than one chunk of 48
// pixels, groups and depthwise.
constexpr Geometry kGeometries[] = {
    {1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1},    {2, 5, 7, 1, 10, 3, 3, 1, 1, 1, 1},    {2, 9, 6, 3, 33, 3, 3, 1, 1, 1, 1},
    {1, 13, 11, 3, 16, 3, 3, 2, 1, 1, 1}, {1, 17, 16, 5, 10, 5, 3, 3, 2, 1, 1},  {1, 8, 9, 5, 33, 3, 3, 1, 2, 2, 1},
    {3, 7, 5, 6, 10, 3, 3, 2, 2, 2, 2},   {1, 6, 6, 4, 34, 3, 3, 1, 1, 1, 2},    {1, 4, 3, 2, 5, 2, 4, 1, 4, 1, 1},
    {1, 3, 2, 3, 7, 3, 3, 1, 5, 1, 1},    {2, 7, 9, 8, 12, 1, 1, 2, 0, 1, 1},    {1, 6, 5, 10, 30, 1, 1, 1, 0, 1, 5},
    {1, 7, 7, 3, 3, 3, 3, 1, 1, 1, 3},    {1, 9, 11, 37, 37, 3, 3, 1, 1, 1, 37}, {1, 8, 8, 5, 15, 3, 3, 2, 1, 1, 5},
    {2, 6, 7, 16, 16, 5, 5, 2, 2, 1, 16}, {0, 4, 4, 3, 8, 3, 3, 1, 1, 1, 1},     {1, 12, 12, 16, 48, 3, 3, 1, 0, 1, 1}};

std::string describe(const GradientVariant& variant, const Geometry& g) {
  std::string text = std::string(variant.name) + " at {";
  for (int value : {g.batch, g.height, g.width, g.channels, g.outputs, g.kernel_height, g.kernel_width, g.stride,
                    g.padding, g.dilation, g.groups}) {
    text += std::to_string(value) + ",";
  }
  return text + "}";
}

struct Operands {
  explicit Operands(const Geometry& g)
      : input(random_values(g.input_count(), 1)),
        weights(random_values(g.weight_count(), 2)),
        dy(random_values(g.output_count(), 3)) {}
  std::vector<float> input, weights, dy;
};

struct Gradients {
  std::vector<float> weights, input;
  bool operator==(const Gradients&) const = default;
};

/// From the definition of the convolution, in float64: each of its products sends dy back to both its factors. With the
/// sums of absolute terms, for error bounds.
struct Definition {
  std::vector<double> weights, input, weight_size, input_size;

  Definition(const Geometry& g, const Operands& o)
      : weights(o.weights.size()), input(o.input.size()), weight_size(weights.size()), input_size(input.size()) {
    const int OH = g.output_height(), OW = g.output_width(), C = g.group_channels();
    for (std::size_t i = 0; i < o.dy.size(); ++i) {
      const int oc = static_cast<int>(i % g.outputs), p = static_cast<int>(i / g.outputs);
      const int first_channel = oc / g.group_outputs() * C;
      for (int k = 0; k < g.depth(); ++k) {
        const int c = k % C, kw = k / C % g.kernel_width, kh = k / C / g.kernel_width;
        const int y = p / OW % OH * g.stride - g.padding + kh * g.dilation;
        const int x = p % OW * g.stride - g.padding + kw * g.dilation;
        if (y < 0 || y >= g.height || x < 0 || x >= g.width) continue;
        const std::size_t at =
            ((p / OW / OH * std::size_t(g.height) + y) * g.width + x) * g.channels + first_channel + c;
        const std::size_t weight = std::size_t(k) * g.outputs + oc;
        const double dw = double(o.input[at]) * o.dy[i], dx = double(o.weights[weight]) * o.dy[i];
        weights[weight] += dw;
        input[at] += dx;
        weight_size[weight] += std::fabs(dw);
        input_size[at] += std::fabs(dx);
      }
    }
  }
};

Gradients gradients(const GradientVariant& variant, const Geometry& g, const Operands& o, int threads) {
  parallel::ThreadPool pool(threads);
  Arena scratch;
  Context context{pool, scratch};
  Gradients result{std::vector<float>(o.weights.size(), 77.0F), std::vector<float>(o.input.size(), 77.0F)};
  weight_gradient(variant, g, o.input, o.dy, result.weights, context);
  input_gradient(variant, g, o.weights, o.dy, result.input, context);
  return result;
}

TEST(ConvGradient, EveryRungIsTheDefinition) {
  constexpr double kEpsilon = 0x1p-24;
  for (const Geometry& g : kGeometries) {
    const Operands operands(g);
    const Definition want(g, operands);
    for (const GradientVariant& variant : supported(gradient_variants())) {
      const Gradients got = gradients(variant, g, operands, 1);
      for (std::size_t i = 0; i < got.weights.size(); ++i) {
        ASSERT_NEAR(got.weights[i], want.weights[i], (2 * g.pixels() + 2) * kEpsilon * want.weight_size[i])
            << describe(variant, g) << " weight " << i;
      }
      const int terms = g.kernel_height * g.kernel_width * g.group_outputs();
      for (std::size_t i = 0; i < got.input.size(); ++i) {
        ASSERT_NEAR(got.input[i], want.input[i], (2 * terms + 2) * kEpsilon * want.input_size[i])
            << describe(variant, g) << " input " << i;
      }
    }
  }
}

TEST(ConvGradient, ExactRungsAndThreadsAgreeBitForBit) {
  for (const Geometry& g : kGeometries) {
    const Operands operands(g);
    const Gradients want = gradients(gradient_variants().front(), g, operands, 1);
    for (const GradientVariant& variant : supported(gradient_variants(), Mode::kExact)) {
      for (int threads : {1, 2, 4}) {
        if (threads > 1 && !variant.threaded) continue;
        EXPECT_EQ(gradients(variant, g, operands, threads), want) << describe(variant, g) << " threads " << threads;
      }
    }
  }
}

TEST(ConvGradient, LargeEnoughForThreadsToTakePart) {
  const Geometry g{4, 28, 28, 16, 32, 3, 3, 1, 1, 1, 1};
  const Operands operands(g);
  const GradientVariant& exact = best_gradient(Mode::kExact, 1);
  const Gradients want = gradients(exact, g, operands, 1);
  for (int threads : {2, 3, 4}) {
    EXPECT_EQ(gradients(best_gradient(Mode::kExact, threads), g, operands, threads), want) << threads;
  }
}

TEST(ConvGradient, RefusesOperandsThatDoNotFit) {
  const Geometry g{1, 5, 5, 2, 3, 3, 3, 1, 1, 1, 1};
  Operands o(g);
  parallel::ThreadPool pool(1);
  Arena scratch;
  Context context{pool, scratch};
  const GradientVariant& variant = gradient_variants().front();
  std::vector<float> small(4);
  const auto message = [](auto&& call) { return message_of<std::invalid_argument>(call); };
  EXPECT_EQ(message([&] { weight_gradient(variant, g, small, o.dy, o.weights, context); }),
            "conv gradient: the input has 4 elements; 50 are wanted");
  EXPECT_EQ(message([&] { weight_gradient(variant, g, o.input, small, o.weights, context); }),
            "conv gradient: dy has 4 elements; 75 are wanted");
  EXPECT_EQ(message([&] { weight_gradient(variant, g, o.input, o.dy, small, context); }),
            "conv gradient: the gradient has 4 elements; 54 are wanted");
  EXPECT_EQ(message([&] { input_gradient(variant, g, o.weights, o.dy, small, context); }),
            "conv gradient: dx has 4 elements; 50 are wanted");
  Geometry bad = g;
  bad.stride = 0;
  EXPECT_THROW(weight_gradient(variant, bad, o.input, o.dy, o.weights, context), std::invalid_argument);
  EXPECT_EQ(best_gradient_of("none", Mode::kExact, false).name, "naive");
}

}  // namespace
}  // namespace optlab::conv
