#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "nn/activations.h"
#include "nn/batch_norm.h"
#include "nn/conv2d.h"
#include "nn/layer_check.h"
#include "nn/layer_kernels.h"
#include "nn/linear.h"
#include "nn/pooling.h"
#include "nn/sequential.h"
#include "simd/targets.h"

namespace optlab::nn {
namespace {

constexpr auto kRelu = gemm::Activation::kRelu;

template <class L>
L& initialized(L& layer) {
  layer.initialize(Rng(7));
  Rng(8).fill_uniform(layer.bias(), -0.5F, 0.5F);
  return layer;
}

TEST(Layers, LinearKeepsTheContract) {
  Linear plain("plain", 7, 5), relu("relu", 6, 9, {.activation = kRelu}), bare("bare", 3, 4, {.bias = false});
  check_layer(initialized(plain), {4, 7});
  check_layer(initialized(relu), {3, 6});
  check_layer(initialized(bare), {2, 3, 3});
}

TEST(Layers, Conv2dKeepsTheContract) {
  Conv2d same("same", 3, 5, {.padding = 1}), relu("relu", 2, 4, {.padding = 1, .activation = kRelu});
  Conv2d strided("strided", 2, 3, {.stride = 2, .padding = 1}), dilated("dilated", 2, 3, {.padding = 2, .dilation = 2});
  Conv2d grouped("grouped", 4, 6, {.groups = 2, .bias = false}), oblong("oblong", 2, 3, {1, 3, 1, 0, 1, 1});
  check_layer(initialized(same), {2, 5, 4, 3});
  check_layer(initialized(relu), {2, 4, 4, 2});
  check_layer(initialized(strided), {2, 5, 6, 2});
  check_layer(initialized(dilated), {1, 6, 5, 2});
  check_layer(initialized(grouped), {2, 4, 5, 4});
  check_layer(initialized(oblong), {2, 2, 5, 2});
}

TEST(Layers, DepthwiseConv2dKeepsTheContract) {
  DepthwiseConv2d one("one", 5, {.padding = 1}), two("two", 3, {.stride = 2}, 2);
  check_layer(initialized(one), {2, 4, 4, 5});
  check_layer(initialized(two), {1, 5, 5, 3});
  EXPECT_EQ(one.kind(), "DepthwiseConv2d");
  EXPECT_EQ(two.outputs(), 6);
}

TEST(Layers, PoolingsKeepTheContract) {
  MaxPool2d halves("max"), rest("rest"), overlapping("overlapping", {3, 2}), apart("apart", {1, 2});
  check_layer(halves, {2, 4, 6, 3});
  check_layer(rest, {2, 5, 7, 2});
  check_layer(overlapping, {2, 7, 6, 3});
  check_layer(apart, {1, 4, 5, 2});
  AvgPool2d average("average"), sliding("sliding", {3, 1});
  check_layer(average, {2, 4, 5, 3});
  check_layer(sliding, {2, 5, 4, 2});
  GlobalAvgPool2d global("global");
  check_layer(global, {3, 3, 5, 4});
  EXPECT_THROW(MaxPool2d("bad", {0, 1}), std::invalid_argument);
  EXPECT_MESSAGE(std::invalid_argument, halves.output_shape({1, 1, 4, 2}), "layer max: x is [1,1,4,2], want");
}

TEST(Layers, ActivationsKeepTheContract) {
  Relu relu("relu");
  Gelu gelu("gelu");
  Silu silu("silu");
  for (Layer* layer : {static_cast<Layer*>(&relu), static_cast<Layer*>(&gelu), static_cast<Layer*>(&silu)}) {
    check_layer(*layer, {3, 37});
    check_layer(*layer, {2, 3, 3, 5});
  }
}

TEST(Layers, BatchNormKeepsTheContract) {
  BatchNorm plain("plain", 5), relu("relu", 3, {.activation = kRelu});
  for (BatchNorm* layer : {&plain, &relu}) {
    Rng(9).fill_uniform(layer->parameters()[0]->value.values(), 0.5F, 1.5F);
    Rng(10).fill_uniform(layer->parameters()[1]->value.values(), -0.5F, 0.5F);
  }
  check_layer(plain, {6, 5}, {.tolerance = 4e-3});
  check_layer(relu, {2, 3, 4, 3}, {.tolerance = 4e-3, .stream = 2});  // no value near the kink
}

TEST(Layers, DropoutAndFlattenKeepTheContract) {
  Dropout dropout("dropout", 0.4F);
  Flatten flatten("flatten");
  check_layer(dropout, {5, 21});
  check_layer(flatten, {2, 3, 2, 4});
}

TEST(Layers, SequentialKeepsTheContract) {
  Sequential network("network");
  initialized(network.emplace<Conv2d>("conv", 1, 4, Conv2dOptions{.padding = 1, .bias = true}));
  network.emplace<BatchNorm>("norm", 4);
  network.emplace<Silu>("silu");
  network.emplace<AvgPool2d>("pool");
  network.emplace<Flatten>("flatten");
  initialized(network.emplace<Linear>("linear", 16, 3));
  check_layer(network, {3, 4, 4, 1}, {.tolerance = 1e-2});
}

TEST(BatchNorm, TrainsOnTheBatchAndRemembersItsStatistics) {
  BatchNorm norm("norm", 2, {.momentum = 0.25F});
  TestCompute threads(nullptr, 2);
  constexpr int kRows = 1500;  // blocks of 256 and a rest
  Tensor x({kRows, 2}), y({kRows, 2});
  double mean[2] = {}, squares[2] = {};
  for (int r = 0; r < kRows; ++r) {
    x.matrix()(r, 0) = 1000.0F + Rng(1).uniform(r);  // a large mean costs the variance nothing
    x.matrix()(r, 1) = -3.0F * Rng(2).uniform(r);
    for (int c = 0; c < 2; ++c) mean[c] += double(x.matrix()(r, c)) / kRows;
  }
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < 2; ++c) squares[c] += (x.matrix()(r, c) - mean[c]) * (x.matrix()(r, c) - mean[c]);
  }
  norm.forward(x.view(), y.view(), {threads.compute, true});
  for (int c = 0; c < 2; ++c) {
    EXPECT_NEAR(norm.buffers()[0]->value.values()[c], 0.25 * mean[c], 1e-4);
    EXPECT_NEAR(norm.buffers()[1]->value.values()[c], 0.75 + 0.25 * squares[c] / (kRows - 1), 1e-5);
    double sum = 0.0, square = 0.0;
    for (int r = 0; r < kRows; ++r) {
      sum += y.matrix()(r, c);
      square += double(y.matrix()(r, c)) * y.matrix()(r, c);
    }
    EXPECT_NEAR(sum / kRows, 0.0, 1e-3);
    EXPECT_NEAR(square / kRows, 1.0, 1e-3);
  }
  // Inference uses what was remembered, and an example doesn't see the others.
  norm.forward(x.view(), y.view(), {threads.compute});
  const auto mean0 = norm.buffers()[0]->value.values()[0], variance0 = norm.buffers()[1]->value.values()[0];
  EXPECT_NEAR(y.values()[0], (x.values()[0] - mean0) / std::sqrt(variance0 + 1e-5F), 1e-2);
}

TEST(BatchNorm, RefusesWhatHasNoVariance) {
  BatchNorm norm("norm", 2);
  TestCompute compute;
  Tensor x({1, 2}), y({1, 2});
  EXPECT_MESSAGE(std::invalid_argument, norm.forward(x.view(), y.view(), {compute.compute, true}),
                 "layer norm: x is [1,2], want at least two rows");
  EXPECT_MESSAGE(std::invalid_argument, norm.output_shape({4, 3}), "want [B,…,2]");
  EXPECT_THROW(BatchNorm("bad", 0), std::invalid_argument);
  EXPECT_THROW(BatchNorm("bad", 1, {.epsilon = 0.0F}), std::invalid_argument);
  EXPECT_THROW(BatchNorm("bad", 1, {.momentum = 2.0F}), std::invalid_argument);
}

TEST(Sequential, FoldsNormsIntoTheLayersBefore) {
  TestCompute compute;
  Sequential network("network");
  initialized(network.emplace<Conv2d>("conv", 2, 4, Conv2dOptions{.padding = 1, .bias = true}));
  network.emplace<BatchNorm>("norm1", 4, BatchNormOptions{.activation = kRelu});
  network.emplace<Flatten>("flatten");
  auto& linear = network.emplace<Linear>("linear", 64, 3, LinearOptions{.bias = false});
  linear.initialize(Rng(3));
  network.emplace<BatchNorm>("norm2", 3);
  network.emplace<Relu>("relu");
  network.emplace<BatchNorm>("norm3", 3);  // nothing before it can take it
  Tensor x = layer_check::spread_values({5, 4, 4, 2}, 3), before({5, 3}), after({5, 3});
  for (std::uint32_t step = 0; step < 3; ++step)
    network.forward(x.view(), before.view(), {compute.compute, true, 1, step});
  network.forward(x.view(), before.view(), {compute.compute});
  EXPECT_EQ(network.fold(), 2);
  EXPECT_EQ(network.layers().size(), 5U);
  network.forward(x.view(), after.view(), {compute.compute});
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_NEAR(after.values()[i], before.values()[i], 1e-4);
  EXPECT_NE(after.values()[0], 0.0F);
}

TEST(Sequential, ServesSmallerBatchesAndPreparedWeights) {
  TestCompute compute;
  Sequential network("network");
  initialized(network.emplace<Conv2d>("conv", 1, 3, Conv2dOptions{.padding = 1, .activation = kRelu}));
  network.emplace<MaxPool2d>("pool");
  network.emplace<Flatten>("flatten");
  initialized(network.emplace<Linear>("linear", 12, 2));
  network.reserve({6, 4, 4, 1}, true);
  Tensor x = layer_check::spread_values({6, 4, 4, 1}, 2), y({6, 2}), small({2, 2});
  network.forward(x.view(), y.view(), {compute.compute});
  network.forward(x.first(2), small.view(), {compute.compute});
  EXPECT_TRUE(std::equal(small.values().begin(), small.values().end(), y.values().begin()));
  EXPECT_EQ(network.packed_bytes(), 0U);
  network.prepare(compute.compute.choose(6, 2, 12));
  EXPECT_GT(network.packed_bytes(), 0U);
  network.forward(x.first(2), small.view(), {compute.compute});
  EXPECT_TRUE(std::equal(small.values().begin(), small.values().end(), y.values().begin()));
  EXPECT_EQ(network.parameters().size(), 4U);
  EXPECT_EQ(network.packed_bytes(), 0U);  // somebody may write now
}

TEST(Dropout, DropsItsShareAndTheSameAgain) {
  Dropout dropout("dropout", 0.3F), other("other", 0.3F, 1);
  TestCompute one, four(nullptr, 4);
  constexpr int kCount = 40001;
  Tensor x({1, kCount}), y({1, kCount}), again({1, kCount});
  std::fill(x.values().begin(), x.values().end(), 1.0F);
  dropout.forward(x.view(), y.view(), {one.compute, true, 1, 2});
  double sum = 0.0;
  for (float value : y.values()) {
    EXPECT_TRUE(value == 0.0F || value == 1.0F / (1.0F - 0.3F));
    sum += value;
  }
  EXPECT_NEAR(sum / kCount, 1.0, 0.02);
  const auto same = [&](Dropout& layer, const Pass& pass) {
    layer.forward(x.view(), again.view(), pass);
    return std::ranges::equal(y.values(), again.values());
  };
  EXPECT_TRUE(same(dropout, {four.compute, true, 1, 2}));
  EXPECT_FALSE(same(dropout, {one.compute, true, 1, 3}));
  EXPECT_FALSE(same(dropout, {one.compute, true, 2, 2}));
  EXPECT_FALSE(same(other, {one.compute, true, 1, 2}));
  dropout.forward(x.view(), y.view(), {one.compute});
  EXPECT_TRUE(std::ranges::equal(y.values(), x.values()));
  EXPECT_THROW(Dropout("bad", 1.0F), std::invalid_argument);
  EXPECT_THROW(Dropout("bad", -0.1F), std::invalid_argument);
}

TEST(MaxPool2d, OfEqualsTheFirstGetsTheGradient) {
  MaxPool2d pool("pool");
  TestCompute compute;
  Tensor x({1, 2, 2, 3}), y({1, 1, 1, 3}), dy({1, 1, 1, 3}), dx({1, 2, 2, 3});
  const float values[] = {1, 5, 2, 1, 7, 2, 1, 5, 3, 1, 7, 3};
  std::copy(std::begin(values), std::end(values), x.values().begin());
  const float gradients[] = {10, 20, 30};
  std::copy(std::begin(gradients), std::end(gradients), dy.values().begin());
  const Pass pass{compute.compute, true};
  pool.forward(x.view(), y.view(), pass);
  pool.backward(x.view(), y.view(), dy.view(), dx.view(), pass);
  EXPECT_EQ(y.values()[0], 1.0F);
  EXPECT_EQ(y.values()[1], 7.0F);
  const std::vector<float> want = {10, 0, 0, 0, 20, 0, 0, 0, 30, 0, 0, 0};
  EXPECT_TRUE(std::ranges::equal(dx.values(), want));
}

TEST(Conv2d, NamesItselfInRefusals) {
  Conv2d conv("conv7", 3, 4);
  EXPECT_MESSAGE(std::invalid_argument, conv.output_shape({1, 5, 5, 2}), "layer conv7: x is [1,5,5,2], want [B,H,W,3]");
  EXPECT_MESSAGE(std::invalid_argument, conv.output_shape({1, 2, 5, 3}),
                 "layer conv7: conv: the kernel reaches over 3");
  EXPECT_MESSAGE(std::invalid_argument, Conv2d("bad", 3, 4, {.groups = 2}), "layer bad: conv: 2 groups don't divide");
  EXPECT_MESSAGE(std::invalid_argument, Conv2d("bad", 0, 4), "layer bad: conv: channels is 0");
  EXPECT_MESSAGE(std::invalid_argument, Conv2d("bad", 3, 4, {.stride = 0}), "layer bad: conv: stride is 0");
}

/// One table's results on operands of awkward sizes.
std::uint64_t digest_of(const detail::LayerKernels& kernels, const detail::ActivationKernels& activations) {
  Digest digest;
  for (int n : {1, 3, 16, 21, 37}) {
    constexpr int kRows = 11;
    Tensor x({kRows, n}), dy({kRows, n}), y({kRows, n}), sums({4, n}), by({5, n});
    Rng(1, n).fill_uniform(x.values(), -2.0F, 2.0F);
    Rng(2, n).fill_uniform(dy.values(), -2.0F, 2.0F);
    Rng(3, n).fill_uniform(by.values(), -1.0F, 1.0F);
    x.values()[0] = -0.0F;
    const auto add = [&](const Tensor& tensor) { digest.add(tensor.values()); };
    kernels.column_sums(x.values().data(), kRows, n, sums.values().data());
    kernels.moments(x.values().data(), kRows, n, sums.matrix().row(1), sums.matrix().row(2));
    add(sums);
    for (float floor : {0.0F, -std::numeric_limits<float>::infinity()}) {
      const detail::Normalization norm{by.matrix().row(0), by.matrix().row(1), by.matrix().row(2), floor};
      kernels.normalize(norm, x.values().data(), kRows, n, y.values().data());
      add(y);
      kernels.normalize_sums(norm, x.values().data(), dy.values().data(), kRows, n, sums.matrix().row(0),
                             sums.matrix().row(3));
      add(sums);
      kernels.normalize_backward(norm, x.values().data(), dy.values().data(), by.matrix().row(3), by.matrix().row(4),
                                 kRows, n, y.values().data());
      add(y);
    }
    const int count = kRows * n;
    kernels.relu(x.values().data(), count, y.values().data());
    add(y);
    for (auto derivative : {kernels.relu_backward, activations.gelu_backward, activations.silu_backward}) {
      derivative(x.values().data(), dy.values().data(), count, y.values().data());
      add(y);
    }
    Tensor pooled({5, n}), dx({kRows, n});
    for (int kernel : {2, 3}) {
      detail::PoolRow row{x.values().data(), 0, n, kernel, 2, 3, dy.values().data(), kernel == 2};
      row.row_stride = 2 * n;  // rows that overlap, so that the little there is serves as an image
      kernels.max_pool(row, pooled.values().data());
      add(pooled);
      if (kernel == 3) kernels.max_pool_backward(row, pooled.values().data(), dx.values().data());
      add(dx);
    }
  }
  return digest.value();
}

TEST(LayerKernels, AllTargetsGiveTheSameBits) {
  const std::uint64_t want =
      digest_of(detail::LayerKernelsOf<simd::Scalar>::kTable, detail::ActivationKernelsOf<simd::Scalar>::kTable);
  EXPECT_EQ(digest_of(detail::layer_kernels(), detail::activation_kernels()), want);
  simd::for_each_exact_target([&]<class Simd>(const simd::Target& target) {
    if (!target.supported()) return;
    EXPECT_EQ(digest_of(detail::LayerKernelsOf<Simd>::kTable, detail::ActivationKernelsOf<Simd>::kTable), want)
        << target.isa;
  });
}

}  // namespace
}  // namespace optlab::nn
