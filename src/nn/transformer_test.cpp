#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <stdexcept>

#include "core/digest.h"
#include "nn/embedding.h"
#include "nn/feed_forward.h"
#include "nn/loss.h"
#include "nn/norm.h"
#include "nn/residual.h"
#include "nn/self_attention.h"
#include "nn/test_support.h"

namespace optlab::nn {
namespace {

void fill(std::span<float> values, std::uint32_t stream, float low = -1.0F, float high = 1.0F) {
  Rng(3, stream).fill_uniform(values, low, high);
}

/// Central differences of `loss` against `gradient`, at up to 60 places spread over `values`.
void expect_gradient(const std::string& what, std::span<float> values, std::span<const float> gradient,
                     const std::function<double()>& loss) {
  ASSERT_EQ(values.size(), gradient.size()) << what;
  constexpr float kStep = 1.0F / 256;
  const std::size_t stride = std::max<std::size_t>(values.size() / 60, 1);
  for (std::size_t i = 0; i < values.size(); i += stride) {
    const float kept = values[i];
    values[i] = kept + kStep;
    const double above = loss();
    values[i] = kept - kStep;
    const double below = loss();
    values[i] = kept;
    // The rounding of the results over the step, and the curvature.
    EXPECT_NEAR((above - below) / (2.0 * kStep), gradient[i], 3e-3 * (1.0 + std::fabs(gradient[i])))
        << what << " element " << i;
  }
}

/// The gradients of Σ c·y by all parameters and by x, which a layer's backward has to give for dy = c.
void expect_gradients(Layer& layer, const Shape& shape) {
  TestCompute threads(nullptr, 2);
  const Pass pass{.compute = threads.compute, .training = true, .seed = 5, .step = 2};
  Tensor x(shape), y(layer.output_shape(shape)), c(y.shape()), dy(y.shape()), dx(shape);
  fill(x.values(), 1);
  fill(c.values(), 2);
  for (Parameter* parameter : layer.parameters()) fill(parameter->value.values(), 3, -0.6F, 0.6F);
  const auto loss = [&] {
    layer.forward(x.view(), y.view(), pass);
    double sum = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += static_cast<double>(y.values()[i]) * c.values()[i];
    return sum;
  };
  const auto backward = [&](TensorView to) {
    loss();
    std::copy(c.values().begin(), c.values().end(), dy.values().begin());
    layer.backward(x.view(), y.view(), dy.view(), to, pass);
  };
  backward(dx.view());
  Digest with;
  std::vector<Tensor> gradients;
  for (Parameter* parameter : layer.parameters()) {
    gradients.push_back(parameter->gradient.clone());
    with.add(parameter->gradient.values());
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    Parameter& parameter = *layer.parameters()[i];
    expect_gradient(parameter.name, parameter.value.values(), gradients[i].values(), loss);
  }
  expect_gradient("x", x.values(), dx.values(), loss);
  // Overwritten, not added to; and the same where nobody wants dx.
  backward({dx.shape(), {}});
  Digest without;
  for (Parameter* parameter : layer.parameters()) without.add(parameter->gradient.values());
  EXPECT_EQ(with.hex(), without.hex());
}

TEST(RmsNorm, Gradients) {
  for (const int size : {1, 5, 16, 37}) {
    RmsNorm layer("norm", size);
    expect_gradients(layer, {2, 3, size});
  }
}

TEST(LayerNorm, Gradients) {
  for (const int size : {3, 16, 37}) {
    LayerNorm layer("norm", size);
    expect_gradients(layer, {2, 3, size});
  }
}

TEST(SwiGlu, Gradients) {
  SwiGlu layer("ffn", 12, 20);
  expect_gradients(layer, {2, 3, 12});
}

TEST(SelfAttention, Gradients) {
  for (const auto& [heads, kv_heads, tokens] : {std::array{2, 2, 5}, {4, 2, 9}, {3, 1, 1}, {2, 1, 70}}) {
    SelfAttention layer("attention", {.size = heads * 6, .heads = heads, .kv_heads = kv_heads, .positions = 80});
    expect_gradients(layer, {2, tokens, heads * 6});
  }
}

TEST(Residual, GradientsWithAndWithoutDropout) {
  for (const float dropout : {0.0F, 0.3F}) {
    Residual layer("block", std::make_unique<RmsNorm>("norm", 8), std::make_unique<SwiGlu>("ffn", 8, 12), dropout, 7);
    expect_gradients(layer, {2, 3, 8});
  }
}

TEST(Residual, AppliesItsParts) {
  TestCompute one;
  Residual layer("block", std::make_unique<RmsNorm>("norm", 8), std::make_unique<SwiGlu>("ffn", 8, 12), 0.5F, 7);
  for (Parameter* parameter : layer.parameters()) fill(parameter->value.values(), 3);
  Tensor x(Shape{2, 8}), y(Shape{2, 8}), normed(Shape{2, 8}), inner(Shape{2, 8});
  fill(x.values(), 1);
  const Pass pass{.compute = one.compute};  // no dropout outside of training
  layer.forward(x.view(), y.view(), pass);
  layer.norm().forward(x.view(), normed.view(), pass);
  layer.body().forward(normed.view(), inner.view(), pass);
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(y.values()[i], x.values()[i] + inner.values()[i]);
}

TEST(DropoutMask, DropsItsShareAndKeepsTheMean) {
  TestCompute threads(nullptr, 3);
  constexpr int kCount = 100'001;
  DropoutMask mask(0.25F, 4);
  const Pass pass{.compute = threads.compute, .training = true, .seed = 9, .step = 1};
  mask.draw(kCount, pass);
  std::vector<float> x(kCount, 3.0F), y(kCount);
  mask.apply(x.data(), 0, kCount, y.data());
  int dropped = 0;
  for (const float value : y) {
    if (value == 0.0F) {
      ++dropped;
    } else {
      ASSERT_EQ(value, 4.0F);
    }
  }
  EXPECT_NEAR(dropped, 0.25 * kCount, 4.0 * std::sqrt(0.1875 * kCount));  // four deviations
  // Another step, another mask; the same step, the same.
  std::vector<float> again(kCount), other(kCount);
  mask.draw(kCount, pass);
  mask.apply(x.data(), 0, kCount, again.data());
  mask.draw(kCount, {.compute = threads.compute, .training = true, .seed = 9, .step = 2});
  mask.apply(x.data(), 0, kCount, other.data());
  EXPECT_EQ(y, again);
  EXPECT_NE(y, other);
  EXPECT_THROW(DropoutMask(1.0F, 0), std::invalid_argument);
  EXPECT_THROW(DropoutMask(-0.1F, 0), std::invalid_argument);
}

TEST(Embedding, GradientOfBothUses) {
  TestCompute threads(nullptr, 2);
  Embedding embedding("embedding", 7, 20);
  embedding.initialize(Rng(1), 0.5F);
  const std::vector<std::int32_t> ids = {3, 0, 3, 6};
  Tensor x(Shape{4, 20}), y(Shape{4, 20}), c(Shape{4, 20}), logits(Shape{4, 7}), d(Shape{4, 7}), dx(Shape{4, 20});
  fill(x.values(), 1);
  fill(c.values(), 2);
  fill(d.values(), 4);
  const auto loss = [&] {
    embedding.look_up(ids, y.matrix(), threads.compute);
    embedding.logits(x.matrix(), logits.matrix(), threads.compute);
    double sum = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += static_cast<double>(y.values()[i]) * c.values()[i];
    for (std::size_t i = 0; i < d.size(); ++i) sum += static_cast<double>(logits.values()[i]) * d.values()[i];
    return sum;
  };
  embedding.logits_backward(x.matrix(), d.matrix(), dx.matrix(), threads.compute);
  embedding.look_up_backward(ids, c.matrix(), threads.compute);
  const Tensor gradient = embedding.table().gradient.clone();
  expect_gradient("E", embedding.table().value.values(), gradient.values(), loss);
  expect_gradient("x", x.values(), dx.values(), loss);
  const std::vector<std::int32_t> bad = {3, 7, 0, 0};
  EXPECT_MESSAGE(std::invalid_argument, embedding.look_up(bad, y.matrix(), threads.compute),
                 "layer embedding.weight: id 7 at 1; want 0 to 6");
}

TEST(TokenLoss, ValueAndGradient) {
  TestCompute threads(nullptr, 2);
  for (const int vocab : {3, 16, 50}) {
    Tensor z(Shape{4, vocab}), gradient(Shape{4, vocab});
    fill(z.values(), 1, -3.0F, 3.0F);
    const std::vector<std::int32_t> labels = {0, vocab - 1, 1, 1};
    const auto loss = [&] { return token_cross_entropy(z.matrix(), labels, nullptr, threads.pool); };
    double want = 0.0;
    for (int r = 0; r < 4; ++r) {
      double sum = 0.0;
      for (int j = 0; j < vocab; ++j) sum += std::exp(static_cast<double>(z.matrix()(r, j)));
      want += std::log(sum) - static_cast<double>(z.matrix()(r, labels[r]));
    }
    EXPECT_NEAR(loss(), want / 4.0, 1e-5);
    const MatrixView to = gradient.matrix();
    EXPECT_EQ(token_cross_entropy(z.matrix(), labels, &to, threads.pool), loss());
    expect_gradient("logits", z.values(), gradient.values(), loss);
    std::vector<float> rows(4);
    token_losses(z.matrix(), labels, rows, threads.pool);
    EXPECT_NEAR((static_cast<double>(rows[0]) + rows[1] + rows[2] + rows[3]) / 4.0, loss(), 1e-6);
    z.values()[1] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(std::isnan(loss()));
  }
  Tensor z(Shape{1, 3});
  const std::vector<std::int32_t> bad = {3}, negative = {-1}, none;
  EXPECT_MESSAGE(std::invalid_argument, token_cross_entropy(z.matrix(), bad, nullptr, threads.pool),
                 "label 3 in row 0");
  EXPECT_THROW(token_cross_entropy(z.matrix(), negative, nullptr, threads.pool), std::invalid_argument);
  EXPECT_THROW(token_cross_entropy(z.matrix(), none, nullptr, threads.pool), std::invalid_argument);
}

TEST(TransformerLayers, RefuseWrongShapesByName) {
  TestCompute one;
  const Pass pass{.compute = one.compute};
  Tensor wide(Shape{2, 3, 9}), y(Shape{2, 3, 8});
  RmsNorm norm("layers.0.norm", 8);
  EXPECT_MESSAGE(std::invalid_argument, norm.forward(wide.view(), y.view(), pass),
                 "layer layers.0.norm: x is [2,3,9], want [...,8]");
  SelfAttention attention("layers.0.attention", {.size = 8, .heads = 2, .kv_heads = 1, .positions = 2});
  EXPECT_MESSAGE(std::invalid_argument, attention.forward(y.view(), y.view(), pass), "want [B,T,8] with T from 1 to 2");
  EXPECT_MESSAGE(std::invalid_argument, SelfAttention("a", {.size = 9, .heads = 2, .kv_heads = 1, .positions = 2}),
                 "layer a: size 9, heads 2");
  EXPECT_THROW(SelfAttention("a", {.size = 8, .heads = 4, .kv_heads = 3, .positions = 2}), std::invalid_argument);
  EXPECT_THROW(SelfAttention("a", {.size = 6, .heads = 2, .kv_heads = 2, .positions = 2}), std::invalid_argument);
  EXPECT_THROW(SwiGlu("f", 8, 0), std::invalid_argument);
  EXPECT_THROW(RmsNorm("n", 0), std::invalid_argument);
  EXPECT_THROW(LayerNorm("n", 4, -1.0F), std::invalid_argument);
  EXPECT_THROW(Residual("r", nullptr, std::make_unique<SwiGlu>("f", 8, 8)), std::invalid_argument);
}

}  // namespace
}  // namespace optlab::nn
