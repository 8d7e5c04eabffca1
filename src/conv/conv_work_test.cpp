// FlopCounter against the arithmetic of a convolution, counted operation by operation.
#include <gtest/gtest.h>

#include <vector>

#include "conv/conv.h"
#include "conv/packed_filter.h"
#include "core/test_support.h"
#include "profile/counted.h"
#include "profile/flop_counter.h"

namespace optlab::conv {
namespace {

using profile::CountedOperand;
using profile::Work;

/// One output element without its bias, for floats or for numbers that count: padding is a zero that is multiplied.
template <class Number, class Operand>
Number sum_at(const Geometry& g, const Operand& input, const Operand& weights, int n, int oy, int ox, int oc) {
  const int first = oc / g.group_outputs() * g.group_channels();
  Number sum = 0.0F;
  std::size_t weight = static_cast<std::size_t>(oc);
  for (int kh = 0; kh < g.kernel_height; ++kh) {
    for (int kw = 0; kw < g.kernel_width; ++kw) {
      const int y = oy * g.stride - g.padding + kh * g.dilation, x = ox * g.stride - g.padding + kw * g.dilation;
      const bool inside = y >= 0 && y < g.height && x >= 0 && x < g.width;
      for (int c = 0; c < g.group_channels(); ++c, weight += static_cast<std::size_t>(g.outputs)) {
        const Number value = inside ? Number(input[((n * g.height + y) * g.width + x) * g.channels + first + c]) : 0.0F;
        sum += value * weights[weight];
      }
    }
  }
  return sum;
}

template <class Number, class Operand>
std::vector<Number> convolve_in_order(const Geometry& g, const Operand& input, const Operand& weights,
                                      const Operand& bias) {
  std::vector<Number> output;
  for (int i = 0; i < g.pixels(); ++i) {
    const int image = g.output_height() * g.output_width(), n = i / image, at = i % image;
    for (int oc = 0; oc < g.outputs; ++oc) {
      Number sum = sum_at<Number>(g, input, weights, n, at / g.output_width(), at % g.output_width(), oc);
      output.push_back(sum += bias[oc]);
    }
  }
  return output;
}

// {batch, H, W, C, OC, KH, KW, stride, padding, dilation, groups}
constexpr Geometry kShapes[] = {
    {1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1},  {2, 9, 6, 3, 5, 3, 3, 1, 1, 1, 1},   {1, 13, 11, 3, 4, 3, 3, 2, 1, 1, 1},
    {1, 8, 9, 5, 7, 3, 3, 1, 2, 2, 1},  {3, 7, 5, 6, 10, 3, 3, 2, 2, 2, 2},  {1, 9, 11, 6, 6, 3, 3, 1, 1, 1, 6},
    {2, 7, 9, 8, 12, 1, 1, 2, 0, 1, 1}, {1, 4, 3, 2, 5, 2, 4, 1, 4, 1, 1},   {1, 12, 10, 2, 3, 2, 2, 3, 0, 1, 1},
    {0, 4, 4, 3, 8, 3, 3, 1, 1, 1, 1},  {1, 10, 10, 1, 2, 3, 3, 4, 0, 3, 1}, {1, 7, 8, 2, 3, 1, 1, 3, 1, 1, 1}};

TEST(ConvWork, IsWhatTheLoopsPerformWithStridePaddingDilationAndGroups) {
  parallel::ThreadPool pool(1);
  Arena scratch;
  Context context{pool, scratch};
  for (const Geometry& g : kShapes) {
    const auto input = random_values(g.input_count(), 1), weights = random_values(g.weight_count(), 2);
    const auto bias = random_values(static_cast<std::size_t>(g.outputs), 3);
    // That these loops are the layer: in floats they give the bits of the library's reference.
    std::vector<float> output(g.output_count());
    const Variant& reference = variants().front();
    convolve(reference, g, input, PackedFilter(reference, g, weights), output, {bias.data(), Activation::kNone},
             context);
    EXPECT_EQ(convolve_in_order<float>(g, input, weights, bias), output);

    const CountedOperand counted_input(input), counted_weights(weights), counted_bias(bias);
    Work counted = profile::count_operations(
        [&] { convolve_in_order<profile::Counted>(g, counted_input, counted_weights, counted_bias); });
    counted.bytes_read = counted_input.bytes_read() + counted_weights.bytes_read() + counted_bias.bytes_read();
    counted.bytes_written = 4 * static_cast<std::int64_t>(output.size());
    EXPECT_EQ(profile::FlopCounter::conv2d({g.batch, g.height, g.width, g.channels, g.outputs, g.kernel_height,
                                            g.kernel_width, g.stride, g.padding, g.dilation, g.groups}),
              counted)
        << g.height << "x" << g.width << ", kernel " << g.kernel_height << "x" << g.kernel_width << ", stride "
        << g.stride << ", dilation " << g.dilation << ", groups " << g.groups;
  }
}

}  // namespace
}  // namespace optlab::conv
