#include <gtest/gtest.h>

#include <vector>

#include "image/cnn.h"
#include "image/mlp.h"
#include "nn/activations.h"
#include "nn/batch_norm.h"
#include "nn/conv2d.h"
#include "nn/pooling.h"
#include "nn/test_support.h"
#include "profile/flop_counter.h"
#include "profile/model_profile.h"

namespace optlab::image {
namespace {

using profile::FlopCounter;
using profile::Work;

/// What an observer was told.
struct Heard : profile::Observer {
  struct Call {
    std::string name, kind;
    Work work;
    Shape output;
  };
  std::vector<Call> calls;
  int open = 0;

  void on_layer_begin(const profile::LayerInfo& layer) override {
    calls.push_back({std::string(layer.name), std::string(layer.kind), layer.work, layer.output});
    ++open;
  }
  void on_layer_end(const profile::LayerInfo& /*layer*/) noexcept override { --open; }
};

TEST(LayerWork, OfLayersIsThatOfTheCounter) {
  const Shape image{2, 6, 8, 3};
  const nn::Linear linear("l", 8, 5, {.bias = false, .activation = gemm::Activation::kRelu});
  EXPECT_EQ(linear.work({4, 3, 8}), FlopCounter::linear({12, 8, 5, false}) + Work{.comparisons = 60});
  const nn::Conv2d conv("c", 3, 4, {.stride = 2, .padding = 1});
  EXPECT_EQ(conv.work(image), FlopCounter::conv2d({2, 6, 8, 3, 4, 3, 3, 2, 1}));
  EXPECT_EQ(nn::DepthwiseConv2d("d", 3).work(image).multiplications, 2 * 4 * 6 * 3 * 9);
  EXPECT_EQ(nn::BatchNorm("b", 3).work(image), FlopCounter::batch_norm(96, 3));
  EXPECT_EQ(nn::MaxPool2d("p").work(image), FlopCounter::max_pool(2, 6, 8, 3, 2, 2));
  EXPECT_EQ(nn::AvgPool2d("p").work(image), FlopCounter::average_pool(2, 6, 8, 3, 2, 2));
  EXPECT_EQ(nn::GlobalAvgPool2d("p").work(image).flops(), 288 + 6);
  EXPECT_EQ(nn::Gelu("g").work(image), FlopCounter::gelu(288));
  EXPECT_EQ(nn::Dropout("d", 0.5F).work(image).flops(), 0);
  EXPECT_EQ(nn::Flatten("f").work(image).bytes(), 8 * 288);
}

TEST(LayerWork, AnObserverHearsOfEveryLayerOnceABlock) {
  Cnn model;
  model.initialize(1);
  nn::TestCompute compute(gemm::variants().front(), 1);
  Tensor x(Shape{3, 784}), logits(Shape{3, 10}), unobserved(Shape{3, 10});
  Rng(4).fill_uniform(x.values(), 0.0F, 1.0F);
  Heard heard;
  model.logits(x.matrix(), logits.matrix(), compute.compute, &heard);
  EXPECT_EQ(heard.open, 0);
  const char* names[] = {"conv1", "norm1",   "pool1",   "conv2",   "norm2",
                         "pool2", "flatten", "linear1", "dropout", "linear2"};
  ASSERT_EQ(heard.calls.size(), std::size(names));
  Work sum;
  for (std::size_t i = 0; i < std::size(names); ++i) {
    EXPECT_EQ(heard.calls[i].name, names[i]);
    sum += heard.calls[i].work;
  }
  EXPECT_EQ(heard.calls[0].kind, "Conv2d");
  EXPECT_EQ(heard.calls[0].output, (Shape{3, 28, 28, 16}));
  EXPECT_EQ(heard.calls[0].work, FlopCounter::conv2d({3, 28, 28, 1, 16, 3, 3, 1, 1, 1, 1, false}));
  EXPECT_EQ(sum.multiplications, 3 * (225'792 / 2 + 12'544 + 1'806'336 / 2 + 6'272 + 1568 * 64 + 640));
  model.logits(x.matrix(), unobserved.matrix(), compute.compute);
  EXPECT_TRUE(std::equal(logits.values().begin(), logits.values().end(), unobserved.values().begin()));
}

TEST(LayerWork, AProfileOfAModelAddsUp) {
  const int sizes[] = {20, 30, 10};
  Mlp model(sizes);
  model.initialize(2);
  nn::TestCompute compute(gemm::variants().front(), 1);
  Tensor x(Shape{7, 20}), logits(Shape{7, 10});
  profile::ModelProfile profile;
  profile.begin_run();
  model.logits(x.matrix(), logits.matrix(), compute.compute, &profile);
  profile.end_run();
  profile.end_sample();
  const auto layers = profile.layers();
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[0].work, FlopCounter::linear({7, 20, 30}) + Work{.comparisons = 210});
  EXPECT_EQ(layers[1].work, FlopCounter::linear({7, 30, 10}));
  EXPECT_LE(layers[0].seconds->median + layers[1].seconds->median, profile.run()->median);
}

}  // namespace
}  // namespace optlab::image
