#include "conv/conv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "conv/packed_filter.h"
#include "core/digest.h"
#include "core/test_support.h"
#include "parallel/test_support.h"

namespace optlab::conv {
namespace {

// {batch, H, W, C, OC, KH, KW, stride, padding, dilation, groups}: single pixels; padding as wide as the kernel and wider;
// strides, dilation and groups by themselves and together; channels and outputs around lanes and panels (8, 16, 32); images
// whose rows end inside a tile and inside a chunk (48 pixels); depthwise with one and several outputs per channel.
constexpr Geometry kGeometries[] = {
    {1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1},     {1, 1, 1, 3, 10, 3, 3, 1, 1, 1, 1},    {1, 1, 1, 5, 33, 3, 3, 2, 3, 1, 1},
    {1, 5, 7, 1, 10, 3, 3, 1, 1, 1, 1},    {2, 9, 6, 3, 33, 3, 3, 1, 1, 1, 1},    {1, 13, 11, 3, 16, 3, 3, 2, 1, 1, 1},
    {1, 17, 16, 5, 10, 5, 3, 3, 2, 1, 1},  {1, 8, 9, 5, 33, 3, 3, 1, 2, 2, 1},    {3, 7, 5, 6, 10, 3, 3, 2, 2, 2, 2},
    {1, 6, 6, 4, 34, 3, 3, 1, 1, 1, 2},    {1, 4, 3, 2, 5, 2, 4, 1, 4, 1, 1},     {1, 3, 2, 3, 7, 3, 3, 1, 5, 1, 1},
    {1, 10, 10, 33, 65, 1, 1, 1, 0, 1, 1}, {2, 7, 9, 8, 12, 1, 1, 2, 0, 1, 1},    {1, 6, 5, 10, 30, 1, 1, 1, 0, 1, 5},
    {1, 5, 8, 4, 9, 1, 1, 1, 1, 1, 1},     {1, 9, 8, 1, 1, 3, 3, 1, 1, 1, 1},     {1, 7, 7, 3, 3, 3, 3, 1, 1, 1, 3},
    {1, 9, 11, 37, 37, 3, 3, 1, 1, 1, 37}, {1, 8, 8, 5, 15, 3, 3, 2, 1, 1, 5},    {2, 6, 7, 16, 32, 5, 5, 1, 2, 1, 16},
    {1, 11, 9, 9, 18, 3, 3, 1, 2, 2, 9},   {1, 12, 12, 16, 48, 3, 3, 1, 0, 1, 1}, {1, 3, 90, 2, 40, 3, 3, 1, 1, 1, 1},
    {0, 4, 4, 3, 8, 3, 3, 1, 1, 1, 1},     {1, 5, 5, 64, 20, 3, 3, 1, 1, 1, 1},   {1, 6, 50, 7, 11, 1, 7, 1, 3, 1, 1}};

std::string describe(const Variant& variant, const Geometry& g) {
  std::string text = std::string(variant.name) + " at {";
  for (int value : {g.batch, g.height, g.width, g.channels, g.outputs, g.kernel_height, g.kernel_width, g.stride,
                    g.padding, g.dilation, g.groups}) {
    text += std::to_string(value) + ",";
  }
  return text + "}";
}

struct Operands {
  explicit Operands(const Geometry& g, std::uint32_t stream = 1)
      : input(random_values(g.input_count(), stream)),
        weights(random_values(g.weight_count(), stream + 1)),
        bias(random_values(g.outputs, stream + 2)) {}
  std::vector<float> input, weights, bias;
};

class ConvOnThreads : public parallel::OnThreads<Context> {
 protected:
  /// By `variant`; expects that nothing around the output is touched.
  std::vector<float> convolved(const Variant& variant, const Geometry& g, const Operands& operands,
                               const Epilogue& epilogue = {}) {
    constexpr std::size_t kMargin = 40;
    const std::size_t count = g.output_count();
    std::vector<float> output(count + 2 * kMargin, kUntouched);
    const PackedFilter filter(variant, g, operands.weights);
    convolve(variant, g, operands.input, filter, std::span(output).subspan(kMargin, count), epilogue, context);
    const auto untouched = [](float value) { return value == kUntouched; };
    EXPECT_TRUE(std::all_of(output.begin(), output.begin() + kMargin, untouched)) << describe(variant, g);
    EXPECT_TRUE(std::all_of(output.end() - kMargin, output.end(), untouched)) << describe(variant, g);
    return {output.begin() + kMargin, output.end() - kMargin};
  }
};

TEST_P(ConvOnThreads, EveryExactVariantEqualsTheReferenceBitForBit) {
  for (const Geometry& g : kGeometries) {
    const Operands operands(g);
    for (const Epilogue& epilogue : {Epilogue{}, Epilogue{operands.bias.data(), Activation::kRelu}}) {
      const auto want = digest_of(convolved(variants().front(), g, operands, epilogue));
      for (const Variant& variant : supported(variants(), Mode::kExact)) {
        if (!variant.applies(g)) continue;
        EXPECT_EQ(digest_of(convolved(variant, g, operands, epilogue)), want) << describe(variant, g);
      }
    }
  }
}

TEST_P(ConvOnThreads, ALargeImageIsDividedWithoutASeam) {
  const Geometry g{2, 61, 53, 6, 40, 3, 3, 1, 1, 1, 1};  // 37 MFLOP: worth waking every thread
  const Operands operands(g);
  const auto want = digest_of(convolved(variants().front(), g, operands));
  for (const Variant& variant : supported(variants(), Mode::kExact)) {
    if (!variant.applies(g)) continue;
    EXPECT_EQ(digest_of(convolved(variant, g, operands)), want) << variant.name;
  }
}

/// An output element in float64, and the sum of its terms' magnitudes.
struct Sum {
  double value = 0;
  double magnitude = 0;
};

/// Calls each(index, sum) for every output element.
template <class Each>
void for_each_sum(const Geometry& g, const Operands& operands, const Each& each) {
  std::size_t index = 0;
  for (int n = 0; n < g.batch; ++n) {
    for (int oy = 0; oy < g.output_height(); ++oy) {
      for (int ox = 0; ox < g.output_width(); ++ox) {
        for (int oc = 0; oc < g.outputs; ++oc) {
          Sum sum;
          for (int k = 0; k < g.depth(); ++k) {
            const int c = k % g.group_channels();
            const int y = oy * g.stride - g.padding + k / g.group_channels() / g.kernel_width * g.dilation;
            const int x = ox * g.stride - g.padding + k / g.group_channels() % g.kernel_width * g.dilation;
            if (y < 0 || y >= g.height || x < 0 || x >= g.width) continue;
            const int channel = oc / g.group_outputs() * g.group_channels() + c;
            const double term = double{operands.input[((n * g.height + y) * g.width + x) * g.channels + channel]} *
                                operands.weights[static_cast<std::size_t>(k) * g.outputs + oc];
            sum.value += term;
            sum.magnitude += std::abs(term);
          }
          each(index++, sum);
        }
      }
    }
  }
}

TEST_P(ConvOnThreads, TheReferenceAndFastVariantsStayWithinTheErrorBound) {
  for (const Geometry& g : kGeometries) {
    const Operands operands(g);
    for (const Variant& variant : supported(variants())) {
      const bool checked = variant.mode == Mode::kFast || variant.algorithm == Algorithm::kNaive;
      if (!checked || variant.algorithm == Algorithm::kWinograd || !variant.applies(g)) continue;
      const std::vector<float> got = convolved(variant, g, operands);
      for_each_sum(g, operands, [&](std::size_t i, const Sum& want) {
        ASSERT_LE(std::abs(got[i] - want.value), 2.0 * g.depth() * 0x1p-24 * want.magnitude) << describe(variant, g);
      });
    }
  }
}

TEST_P(ConvOnThreads, HasTheSameBitsEverywhere) {
  // The same number natively (scalar, AVX2, NEON), in Node and in a browser, for any number of threads.
  Digest digest;
  for (const Geometry& g : kGeometries) {
    const Operands operands(g, 4);
    const Variant& variant = best(Mode::kExact, g, GetParam());
    digest.add(std::span<const float>(convolved(variant, g, operands, {operands.bias.data(), Activation::kNone})));
  }
  EXPECT_EQ(digest.hex(), "812e97c0e304f825");
}

/// The bound of conv.h for Winograd's F(2×2,3×3), for every output element.
std::vector<double> winograd_bounds(const Geometry& g, const Operands& operands) {
  constexpr double kB[4][4] = {{1, 0, 1, 0}, {0, 1, 1, 0}, {0, 1, 1, 0}, {0, 1, 0, 1}};  // |Bᵀ|
  constexpr double kG[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}, {0, 0, 1}};
  constexpr double kA[2][4] = {{1, 1, 1, 0}, {0, 1, 1, 1}};
  const int C = g.channels, OC = g.outputs;
  std::vector<double> u(16UL * C * OC), bounds(g.output_count());  // |G||w||Gᵀ|
  for (int p = 0; p < 16; ++p) {
    for (int i = 0; i < 9 * C * OC; ++i) {
      const int tap = i / (C * OC);
      u[static_cast<std::size_t>(p) * C * OC + i % (C * OC)] +=
          kG[p / 4][tap / 3] * kG[p % 4][tap % 3] * std::abs(double{operands.weights[i]});
    }
  }
  const int OH = g.output_height(), OW = g.output_width();
  for (int pixel = 0; pixel < g.pixels(); ++pixel) {
    const int n = pixel / (OH * OW), oy = pixel / OW % OH, ox = pixel % OW;
    for (int c = 0; c < C; ++c) {
      double v[16] = {};  // |Bᵀ||d||B| of the tile in which the pixel lies
      for (int i = 0; i < 16; ++i) {
        const int y = oy / 2 * 2 - g.padding + i / 4, x = ox / 2 * 2 - g.padding + i % 4;
        if (y < 0 || y >= g.height || x < 0 || x >= g.width) continue;
        const double d = std::abs(double{operands.input[((n * g.height + y) * g.width + x) * C + c]});
        for (int p = 0; p < 16; ++p) v[p] += kB[p / 4][i / 4] * kB[p % 4][i % 4] * d;
      }
      for (int p = 0; p < 16; ++p) {
        const double share = kA[oy % 2][p / 4] * kA[ox % 2][p % 4] * v[p] * (C + 12) * 0x1p-24;
        for (int oc = 0; oc < OC; ++oc) {
          bounds[static_cast<std::size_t>(pixel) * OC + oc] +=
              share * u[(static_cast<std::size_t>(p) * C + c) * OC + oc];
        }
      }
    }
  }
  return bounds;
}

TEST_P(ConvOnThreads, WinogradStaysWithinItsOwnErrorBound) {
  int checked = 0;
  for (const Geometry& g : kGeometries) {
    const Operands operands(g);
    for (const Variant& variant : supported(variants())) {
      if (variant.algorithm != Algorithm::kWinograd || !variant.applies(g)) continue;
      const std::vector<float> got = convolved(variant, g, operands);
      const std::vector<double> bounds = winograd_bounds(g, operands);
      for_each_sum(g, operands, [&](std::size_t i, const Sum& want) {
        ASSERT_LE(std::abs(got[i] - want.value), bounds[i]) << describe(variant, g) << " element " << i;
        ++checked;
      });
    }
  }
  EXPECT_GT(checked, 1000);
}

INSTANTIATE_TEST_SUITE_P(Threads, ConvOnThreads, testing::Values(1, 2, 3, 4));

class Conv : public parallel::OnTwoThreads<Context> {
 protected:
  std::vector<float> convolved(const Variant& variant, const Geometry& g, const std::vector<float>& input,
                               const std::vector<float>& weights, const Epilogue& epilogue = {}) {
    std::vector<float> output(g.output_count());
    convolve(variant, g, input, PackedFilter(variant, g, weights), output, epilogue, context);
    return output;
  }
};

/// The first rung of `algorithm` that this CPU runs: WebAssembly has no scalar ones.
const Variant& first_of(Algorithm algorithm) {
  return *std::ranges::find_if(
      variants(), [&](const Variant& variant) { return variant.supported() && variant.algorithm == algorithm; });
}

TEST_F(Conv, ReferenceMatchesNumbersWorkedOutByHand) {
  const Variant& naive = variants().front();
  const Geometry g{1, 3, 3, 1, 1, 2, 2, 1, 0, 1, 1};
  const std::vector<float> image{1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(convolved(naive, g, image, {1, 10, 100, 1000}), (std::vector<float>{5421, 6532, 8754, 9865}));
  const float bias = -6000;
  EXPECT_EQ(convolved(naive, g, image, {1, 10, 100, 1000}, {&bias, Activation::kRelu}),
            (std::vector<float>{0, 532, 2754, 3865}));
  // Stride 2, dilation 2, padding 1: each window has one corner inside, another one each.
  EXPECT_EQ(convolved(naive, {1, 3, 3, 1, 1, 2, 2, 2, 1, 2, 1}, image, {1, 10, 100, 1000}),
            (std::vector<float>{5000, 500, 50, 5}));
  // Two channels, two groups, two outputs each: channel times weight.
  EXPECT_EQ(convolved(naive, {1, 1, 1, 2, 4, 1, 1, 1, 0, 1, 2}, {3, 5}, {1, 2, 3, 4}),
            (std::vector<float>{3, 6, 15, 20}));
}

TEST_F(Conv, APixelDoesNotDependOnTheRestOfTheImage) {
  const Geometry whole{1, 9, 30, 3, 20, 3, 3, 1, 0, 1, 1};
  const Geometry part{1, 3, 3, 3, 20, 3, 3, 1, 0, 1, 1};
  const Operands operands(whole);
  const auto output = convolved(best(Mode::kExact, whole, 2), whole, operands.input, operands.weights);
  for (int x = 0; x < 28; x += 9) {
    std::vector<float> window;
    for (int y = 4; y < 7; ++y) {
      const float* row = &operands.input[(y * 30 + x) * 3];
      window.insert(window.end(), row, row + 9);
    }
    const auto pixel = convolved(best(Mode::kExact, part, 1), part, window, operands.weights);
    const float* want = &output[(4 * 28 + x) * 20];
    EXPECT_EQ(digest_of(pixel), digest_of(std::span(want, 20))) << x;
  }
}

TEST_F(Conv, PaddingIsMultipliedLikeAnyOtherZero) {
  const Geometry g{1, 6, 8, 3, 12, 3, 3, 1, 1, 1, 1};
  Operands operands(g);
  operands.weights[5] = std::numeric_limits<float>::infinity();  // kernel position (0,0), channel 0, output 5
  operands.input[(3 * 8 + 4) * 3 + 1] = std::numeric_limits<float>::quiet_NaN();
  const auto want = convolved(variants().front(), g, operands.input, operands.weights);
  EXPECT_TRUE(std::isnan(want[5])) << "infinity times padding";
  EXPECT_TRUE(std::isinf(want[(1 * 8 + 1) * 12 + 5])) << "infinity times input";
  EXPECT_TRUE(std::isnan(want[(4 * 8 + 5) * 12])) << "the NaN's neighbour";
  EXPECT_FALSE(std::isnan(want[(5 * 8 + 5) * 12])) << "two rows below it";
  for (const Variant& variant : supported(variants(), Mode::kExact)) {
    if (!variant.applies(g)) continue;
    EXPECT_EQ(digest_of(convolved(variant, g, operands.input, operands.weights)), digest_of(want)) << variant.name;
  }
}

TEST_F(Conv, WinogradLosesWhatCancels) {
  const Geometry g{1, 4, 4, 1, 1, 3, 3, 1, 0, 1, 1};
  Operands operands(g);
  operands.input[2 * 4 + 2] = 1e6F;  // under weight (2,2) of the first output
  operands.weights[8] = 0;
  const float exact = convolved(variants().front(), g, operands.input, operands.weights)[0];
  for (const Variant& variant : supported(variants())) {
    if (!variant.applies(g) || variant.threaded) continue;
    const float error = std::abs(convolved(variant, g, operands.input, operands.weights)[0] - exact);
    const float bound = 2.0F * 9 * 0x1p-24F * 9;  // the other eight products are below 1
    EXPECT_EQ(error > bound, variant.algorithm == Algorithm::kWinograd) << variant.name << ": " << error;
  }
}

TEST_F(Conv, AFilterIsPackedOnceForImagesOfAnySize) {
  const Geometry g{1, 8, 8, 16, 20, 3, 3, 1, 1, 1, 1};
  const Operands operands(g);
  for (const Variant& variant : supported(variants())) {
    if (!variant.applies(g)) continue;
    const PackedFilter filter(variant, g, operands.weights);
    const std::size_t least = sizeof(float) * g.weight_count();
    EXPECT_GE(filter.bytes(), variant.algorithm == Algorithm::kWinograd ? least / 9 * 16 : least) << variant.name;
    EXPECT_LE(filter.bytes(), 3 * least) << variant.name;
    Geometry smaller = g;
    smaller.height = 4;
    EXPECT_TRUE(filter.fits(variant, smaller)) << variant.name;
    std::vector<float> output(smaller.output_count());
    convolve(variant, smaller, std::span(operands.input).first(smaller.input_count()), filter, output, {}, context);
    Geometry other = g;
    other.outputs = 24;
    EXPECT_FALSE(filter.fits(variant, other)) << variant.name;
  }
  const Geometry one{1, 4, 4, 16, 20, 1, 1, 1, 0, 1, 1};
  const Operands few(one);
  EXPECT_EQ(PackedFilter(variants().front(), one, few.weights).bytes(), sizeof(float) * 16 * 20);
}

TEST_F(Conv, RefusesWhatCannotBeAndNamesIt) {
  const auto refusal = [](auto change) {
    Geometry g{1, 8, 8, 4, 8, 3, 3, 1, 1, 1, 1};
    change(g);
    return message_of<std::invalid_argument>([&] { check(g); });
  };
  EXPECT_EQ(refusal([](Geometry& g) { g.batch = -1; }), "conv: batch is -1; it must be >= 0");
  EXPECT_EQ(refusal([](Geometry& g) { g.height = 0; }), "conv: height is 0; it must be >= 1");
  EXPECT_EQ(refusal([](Geometry& g) { g.stride = 0; }), "conv: stride is 0; it must be >= 1");
  EXPECT_EQ(refusal([](Geometry& g) { g.padding = -1; }), "conv: padding is -1; it must be >= 0");
  EXPECT_EQ(refusal([](Geometry& g) { g.dilation = 0; }), "conv: dilation is 0; it must be >= 1");
  EXPECT_EQ(refusal([](Geometry& g) { g.groups = 3; }), "conv: 3 groups don't divide 4 channels and 8 outputs");
  EXPECT_EQ(refusal([](Geometry& g) { g.kernel_height = 11; }),
            "conv: the kernel reaches over 11 rows, the padded image has 10");
  EXPECT_EQ(refusal([](Geometry& g) { g.dilation = 5; }),
            "conv: the kernel reaches over 11 rows, the padded image has 10");
  EXPECT_NE(refusal([](Geometry& g) { g.padding = 1 << 30; }).find("padding 1073741824 makes an image"),
            std::string::npos);
  EXPECT_NE(refusal([](Geometry& g) { g.height = g.width = 65536; }).find("conv: the input"), std::string::npos);
  EXPECT_NE(refusal([](Geometry& g) { g.padding = 40000; }).find("conv: the output"), std::string::npos);

  const Geometry g{1, 8, 8, 4, 8, 3, 3, 1, 1, 1, 1};
  const Operands operands(g);
  const Variant& naive = variants().front();
  const PackedFilter filter(naive, g, operands.weights);
  std::vector<float> output(g.output_count());
  const auto call = [&](const Variant& variant, const Geometry& geometry, std::size_t inputs, std::size_t outputs) {
    return message_of<std::invalid_argument>([&] {
      convolve(variant, geometry, std::span(operands.input).first(inputs), filter, std::span(output).first(outputs), {},
               context);
    });
  };
  EXPECT_EQ(call(naive, g, 255, 512), "conv: the input has 255 elements; 256 are wanted");
  EXPECT_EQ(call(naive, g, 256, 511), "conv: the output has 511 elements; 512 are wanted");
  const Variant& implicit = first_of(Algorithm::kImplicit);
  EXPECT_NE(call(implicit, g, 256, 512).find("[3,3,4,8] in 1 group is not one that " + std::string(implicit.name)),
            std::string::npos);
  const Variant& pointwise = first_of(Algorithm::kPointwise);
  EXPECT_NE(call(pointwise, g, 256, 512).find(std::string(pointwise.name) + " does not apply to a kernel [3,3]"),
            std::string::npos);
  EXPECT_EQ(message_of<std::invalid_argument>([&] { PackedFilter(naive, g, std::span(operands.weights).first(9)); }),
            "PackedFilter: 9 weights; a filter [3,3,4,8] in 1 group wants 288");
}

TEST_F(Conv, TheDispatcherTakesARungThatApplies) {
  for (const Geometry& g : kGeometries) {
    for (const Mode mode : {Mode::kExact, Mode::kFast}) {
      const Variant& choice = best(mode, g, 1);
      EXPECT_TRUE(choice.supported() && choice.applies(g) && !choice.threaded) << describe(choice, g);
      EXPECT_NE(choice.algorithm, Algorithm::kWinograd);
      EXPECT_TRUE(mode == Mode::kFast || choice.mode == Mode::kExact) << describe(choice, g);
    }
  }
  EXPECT_EQ(best(Mode::kExact, {1, 9, 9, 8, 8, 3, 3, 1, 1, 1, 8}, 1).algorithm, Algorithm::kDepthwise);
  EXPECT_EQ(best(Mode::kExact, {1, 9, 9, 8, 8, 3, 3, 1, 1, 1, 1}, 1).algorithm, Algorithm::kImplicit);
}

TEST(ConvLadder, HasItsRungsByName) { expect_ladder(variants(), variant); }

}  // namespace
}  // namespace optlab::conv
