#include "nn/linear.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/math.h"
#include "nn/loss.h"
#include "nn/test_support.h"

namespace optlab::nn {
namespace {

TEST(Linear, ForwardIsTheEquation) {
  constexpr int kBatch = 5, kIn = 7, kOut = 4;
  TestCompute compute;
  Linear layer("test", kIn, kOut);
  layer.initialize(Rng(7));
  Rng(8).fill_uniform(layer.bias(), -0.5F, 0.5F);
  Tensor x({kBatch, kIn}), y({kBatch, kOut});
  Rng(3, 1).fill_uniform(x.values(), -1.0F, 1.0F);
  layer.forward(x.view(), y.view(), {compute.compute});
  for (int b = 0; b < kBatch; ++b) {
    for (int j = 0; j < kOut; ++j) {
      float sum = 0.0F;
      for (int i = 0; i < kIn; ++i) sum += x.matrix()(b, i) * layer.weight()[i * kOut + j];
      EXPECT_EQ(y.matrix()(b, j), sum + layer.bias()[j]);  // exact mode: this very order
    }
  }
}

TEST(Linear, KaimingUniformFillsItsRange) {
  Linear layer("wide", 600, 50);
  layer.initialize(Rng(1));
  double squares = 0.0;
  for (float w : layer.weight()) {
    EXPECT_LE(std::fabs(w), 0.1F);  // sqrt(6/600)
    squares += static_cast<double>(w) * w;
  }
  EXPECT_NEAR(squares / 30000.0, 2.0 / 600.0, 1e-4);  // variance 2/fan_in
}

TEST(Linear, RefusesWrongShapesByName) {
  Linear layer("test", 7, 4);
  TestCompute compute;
  Tensor wide({5, 8}), y({5, 4});
  EXPECT_MESSAGE(std::invalid_argument, layer.forward(wide.view(), y.view(), {compute.compute}),
                 "layer test: x is [5,8], want [5,7]");
  EXPECT_MESSAGE(std::invalid_argument, Linear("bad", 0, 3), "layer bad: inputs is 0");
  EXPECT_MESSAGE(std::invalid_argument, Linear("bad", 3, -1), "layer bad: outputs is -1");
  EXPECT_THROW(Linear("bad", 1 << 20, 1 << 20), std::invalid_argument);
}

TEST(CrossEntropy, GradientAgreesWithDifferences) {
  constexpr float kStep = 1.0F / 256;
  Tensor logits({3, 4}), gradient({3, 4});
  Rng(5).fill_uniform(logits.values(), -2.0F, 2.0F);
  const std::vector<std::uint8_t> labels = {0, 3, 1};
  const MatrixView to = gradient.matrix();
  softmax_cross_entropy(logits.matrix(), labels, &to);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const float kept = logits.values()[i];
    logits.values()[i] = kept + kStep;
    const double above = softmax_cross_entropy(logits.matrix(), labels, nullptr);
    logits.values()[i] = kept - kStep;
    const double below = softmax_cross_entropy(logits.matrix(), labels, nullptr);
    logits.values()[i] = kept;
    EXPECT_NEAR(gradient.values()[i], (above - below) / (2.0 * kStep), 1e-4) << i;
  }
}

TEST(CrossEntropy, KnownValues) {
  Tensor logits({2, 4});
  const std::vector<std::uint8_t> labels = {0, 2};
  EXPECT_NEAR(softmax_cross_entropy(logits.matrix(), labels, nullptr), std::log(4.0), 1e-6);
  // Far apart: without subtracting the maximum this would be inf/inf.
  logits.values()[0] = 1e30F;
  logits.values()[6] = 200.0F;
  EXPECT_EQ(softmax_cross_entropy(logits.matrix(), labels, nullptr), 0.0);
}

TEST(CrossEntropy, NotANumberStaysOne) {
  Tensor logits({1, 3});
  logits.values()[1] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<std::uint8_t> labels = {0};
  EXPECT_TRUE(std::isnan(softmax_cross_entropy(logits.matrix(), labels, nullptr)));
}

TEST(CrossEntropy, RefusesLabelsThatAreNoColumnAndWrongCounts) {
  Tensor logits({2, 3});
  const std::vector<std::uint8_t> bad = {0, 3};
  EXPECT_MESSAGE(std::invalid_argument, softmax_cross_entropy(logits.matrix(), bad, nullptr), "label 3 in row 1");
  EXPECT_THROW(softmax_cross_entropy(logits.matrix(), std::span(bad).first(1), nullptr), std::invalid_argument);
  EXPECT_THROW(softmax_cross_entropy(logits.matrix().block(0, 0, 0, 3), {}, nullptr), std::invalid_argument);
}

TEST(Linear, PreparedWeightsGiveTheSameBitsUntilTheyChange) {
  constexpr int kBatch = 3, kIn = 37, kOut = 21;
  Linear layer("packed", kIn, kOut, {.activation = gemm::Activation::kRelu});
  layer.initialize(Rng(4, 0));
  Tensor x(Shape{kBatch, kIn}), want(Shape{kBatch, kOut}), got(Shape{kBatch, kOut});
  Rng(4, 1).fill_uniform(x.values(), -1.0F, 1.0F);
  parallel::ThreadPool pool(1);
  Arena scratch;
  gemm::Context context{pool, scratch};
  for (const gemm::Variant& variant : gemm::variants()) {
    if (!variant.supported()) continue;
    const Compute compute{&variant, context};
    const auto forward = [&](Tensor& y) { layer.forward(x.view(), y.view(), {compute}); };
    EXPECT_EQ(layer.packed_bytes(), 0U);
    forward(want);
    layer.prepare(variant);
    EXPECT_GE(layer.packed_bytes(), sizeof(float) * kIn * kOut);
    forward(got);
    EXPECT_TRUE(std::ranges::equal(got.values(), want.values())) << variant.name;
    layer.weight()[5] += 1.0F;  // the packed copy is stale now, and gone
    EXPECT_EQ(layer.packed_bytes(), 0U);
    forward(got);
    EXPECT_FALSE(std::ranges::equal(got.values(), want.values())) << variant.name;
  }
}

}  // namespace
}  // namespace optlab::nn
