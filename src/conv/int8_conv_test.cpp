#include "conv/int8_conv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/rng.h"
#include "core/test_support.h"

namespace optlab::conv {
namespace {

std::vector<float> uniform(std::size_t count, std::uint32_t stream, float low, float high) {
  std::vector<float> values(count);
  Rng(5, stream).fill_uniform(values, low, high);
  return values;
}

std::vector<std::uint8_t> activations(std::size_t count) {
  std::vector<std::uint8_t> result;
  for (const float v : uniform(count, 1, 0.0F, 128.0F))
    result.push_back(static_cast<std::uint8_t>(std::min(v, 127.0F)));
  return result;
}

std::vector<std::int8_t> weights(std::size_t count) {
  std::vector<std::int8_t> result;
  for (const float v : uniform(count, 2, -128.0F, 128.0F)) result.push_back(static_cast<std::int8_t>(v));
  return result;
}

constexpr Geometry kGeometries[] = {
    {1, 5, 7, 3, 10, 3, 3, 1, 1, 1, 1}, {2, 8, 6, 4, 8, 3, 3, 2, 1, 1, 1},    {1, 9, 9, 5, 33, 3, 3, 1, 2, 2, 1},
    {1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1},  {1, 6, 6, 8, 12, 1, 1, 1, 0, 1, 1},   {1, 7, 5, 6, 4, 3, 2, 1, 1, 1, 2},
    {1, 6, 7, 5, 10, 3, 3, 1, 1, 1, 5}, {2, 5, 6, 37, 37, 3, 3, 2, 1, 1, 37}, {1, 9, 4, 16, 48, 3, 2, 1, 2, 2, 16},
    {3, 4, 4, 2, 3, 4, 4, 3, 3, 1, 1},  {0, 4, 4, 2, 3, 2, 2, 1, 0, 1, 1}};

/// Every sum as the definition says it.
std::vector<std::int32_t> definition(const Geometry& g, const std::vector<std::uint8_t>& x, int zero,
                                     const std::vector<std::int8_t>& w) {
  std::vector<std::int32_t> sums;
  for (int p = 0; p < g.pixels(); ++p) {
    const int ox = p % g.output_width(), oy = p / g.output_width() % g.output_height();
    const int n = p / g.output_width() / g.output_height();
    for (int oc = 0; oc < g.outputs; ++oc) {
      const int first = oc / g.group_outputs() * g.group_channels();
      std::int32_t sum = 0;
      for (int k = 0; k < g.depth(); ++k) {
        const int c = k % g.group_channels(), kw = k / g.group_channels() % g.kernel_width;
        const int kh = k / g.group_channels() / g.kernel_width;
        const int y = oy * g.stride - g.padding + kh * g.dilation, x0 = ox * g.stride - g.padding + kw * g.dilation;
        const bool inside = y >= 0 && y < g.height && x0 >= 0 && x0 < g.width;
        const int value = inside ? x[((n * g.height + y) * g.width + x0) * g.channels + first + c] : zero;
        sum += value * w[k * g.outputs + oc];
      }
      sums.push_back(sum);
    }
  }
  return sums;
}

TEST(Int8Conv, EveryVariantGivesTheIntegersOfTheDefinition) {
  for (const int threads : {1, 3}) {
    parallel::ThreadPool pool(threads);
    Arena scratch;
    Context context{pool, scratch};
    for (const Geometry& g : kGeometries) {
      const auto x = activations(g.input_count());
      const auto w = weights(g.weight_count());
      for (const int zero : {0, 61}) {
        const std::vector<std::int32_t> want = definition(g, x, zero, w);
        for (const gemm::Int8Variant& variant : supported(gemm::int8_variants())) {
          const PackedInt8Filter filter(variant, g, w);
          EXPECT_GE(filter.bytes(), g.weight_count());
          std::vector<std::int32_t> got(g.output_count(), -1);
          convolve_int8(variant, x, zero, filter, got, context);
          EXPECT_EQ(got, want) << variant.name << " " << g.height << "x" << g.width << " zero point " << zero;
        }
      }
    }
  }
}

TEST(Int8Conv, RequantizesPerChannelAndSubtractsTheZeroPoint) {
  parallel::ThreadPool pool(2);
  Arena scratch;
  Context context{pool, scratch};
  constexpr int kZero = 50;
  for (const Geometry& g : {kGeometries[0], kGeometries[5], kGeometries[7], kGeometries[8]}) {
    const auto x = activations(g.input_count());
    const auto w = weights(g.weight_count());
    const std::vector<float> scale = uniform(g.outputs, 3, 1e-3F, 4e-3F);
    const std::vector<std::int32_t> bias(g.outputs, 700);
    const gemm::Requantization q{scale, bias.data(), 20, 20, 127};
    const std::vector<std::int32_t> sums = definition(g, x, kZero, w);
    std::vector<std::uint8_t> want;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const int oc = static_cast<int>(i) % g.outputs;
      std::int32_t sum = sums[i] + bias[oc];
      for (int k = 0; k < g.depth(); ++k) sum -= kZero * w[k * g.outputs + oc];
      want.push_back(gemm::requantize(sum, scale[oc], 20, 20, 127));
    }
    EXPECT_NE(*std::ranges::max_element(want), *std::ranges::min_element(want));
    for (const gemm::Int8Variant& variant : supported(gemm::int8_variants())) {
      std::vector<std::uint8_t> got(want.size());
      convolve_int8(variant, x, kZero, PackedInt8Filter(variant, g, w), q, got, context);
      EXPECT_EQ(got, want) << variant.name;
    }
  }
}

TEST(Int8Conv, RefusesWhatDoesNotFitAndNamesIt) {
  parallel::ThreadPool pool(1);
  Arena scratch;
  Context context{pool, scratch};
  const Geometry& g = kGeometries[0];
  const gemm::Int8Variant& variant = gemm::int8_variant("int8_packed");
  const PackedInt8Filter filter(variant, g, weights(g.weight_count()));
  std::vector<std::uint8_t> x(g.input_count());
  std::vector<std::int32_t> y(g.output_count());
  const auto call = [&](std::span<const std::uint8_t> input, int zero, std::span<std::int32_t> output,
                        const gemm::Int8Variant& v) {
    return message_of<std::invalid_argument>([&] { convolve_int8(v, input, zero, filter, output, context); });
  };
  EXPECT_NE(call(std::span(x).first(3), 0, y, variant).find("the input has 3 elements, want 105"), std::string::npos);
  EXPECT_NE(call(x, 0, std::span(y).first(3), variant).find("the output has 3 elements, want 350"), std::string::npos);
  EXPECT_NE(call(x, 256, y, variant).find("the zero point is 256"), std::string::npos);
  EXPECT_NE(call(x, 0, y, gemm::int8_variants().front()).find("not packed for int8_naive"), std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([&] { PackedInt8Filter(variant, g, {}); }).find("0 weights, want 270"),
            std::string::npos);
}

}  // namespace
}  // namespace optlab::conv
