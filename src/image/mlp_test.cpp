#include "image/mlp.h"

#include <stdexcept>

#include "core/error.h"
#include "nn/test_support.h"

namespace optlab::image {
namespace {

constexpr int kSizes[] = {12, 9, 5, 3};

Mlp make_model() {
  Mlp model(kSizes);
  model.initialize(11);
  return model;
}

TEST(Mlp, CountsItsParameters) {
  EXPECT_EQ(make_model().parameter_count(), 12U * 9 + 9 + 9 * 5 + 5 + 5 * 3 + 3);
  EXPECT_EQ(make_model().parameter_digest(), make_model().parameter_digest());
  Mlp other(kSizes);
  other.initialize(12);
  EXPECT_NE(other.parameter_digest(), make_model().parameter_digest());
}

TEST(Mlp, ARowDoesNotDependOnTheBatchNorOnItsBlocks) {
  Mlp model = make_model();
  nn::TestCompute compute;
  constexpr int kRows = 1100;  // three blocks
  Tensor x({kRows, 12}), all({kRows, 3}), one({1, 3});
  Rng(1).fill_uniform(x.values(), 0.0F, 1.0F);
  model.logits(x.matrix(), all.matrix(), compute.compute);
  for (int row : {0, 511, 512, 1099}) {
    model.logits(x.matrix().block(row, 0, 1, 12), one.matrix(), compute.compute);
    for (int j = 0; j < 3; ++j) EXPECT_EQ(one.matrix()(0, j), all.matrix()(row, j)) << row;
  }
}

TEST(Mlp, ExactVariantsAndThreadsAgreeBitForBit) {
  Mlp model = make_model();
  std::vector<std::uint8_t> pixels(70 * 12);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 37);
  nn::TestCompute reference(gemm::variants().front(), 1);
  const Classification want = classify(model, pixels, reference.compute);
  EXPECT_EQ(want.predictions.size(), 70U);
  for (const gemm::Variant& variant : supported(gemm::variants(), gemm::Mode::kExact)) {
    for (int threads = 1; threads <= 4; ++threads) {
      nn::TestCompute compute(variant, threads);
      const Classification got = classify(model, pixels, compute.compute);
      EXPECT_EQ(got.logits_digest, want.logits_digest) << variant.name << " with " << threads;
      EXPECT_EQ(got.predictions, want.predictions) << variant.name;
    }
  }
}

TEST(Mlp, NoImagesAreNoPredictions) {
  nn::TestCompute compute;
  Mlp model = make_model();
  EXPECT_TRUE(classify(model, {}, compute.compute).predictions.empty());
}

TEST(Mlp, SurvivesItsCheckpoint) {
  Mlp model = make_model();
  const auto bytes = model.to_safetensors({{"model", "mlp"}});
  const Mlp again = Mlp::from_safetensors(bytes);
  EXPECT_EQ(again.parameter_digest(), model.parameter_digest());
  EXPECT_TRUE(std::equal(again.sizes().begin(), again.sizes().end(), std::begin(kSizes), std::end(kSizes)));
}

TEST(Mlp, RefusesCheckpointsThatAreNoMlp) {
  const std::vector<float> v(64);
  const auto load = [&](std::vector<checkpoint::SafetensorsSource> tensors) {
    return Mlp::from_safetensors(checkpoint::write_safetensors(tensors));
  };
  const auto tensor = [&](const char* name, const std::vector<int>& shape) {
    std::size_t count = 1;
    for (int extent : shape) count *= extent;
    return checkpoint::SafetensorsSource{name, shape, std::span(v).first(count)};
  };
  EXPECT_MESSAGE(DataError, load({}), "there is no tensor \"layers.0.weight\"");
  EXPECT_MESSAGE(DataError, load({tensor("layers.0.weight", {2, 3})}), "there is no tensor \"layers.0.bias\"");
  EXPECT_MESSAGE(DataError, load({tensor("layers.0.weight", {6}), tensor("layers.0.bias", {3})}),
                 "rank 1; rank 2 is wanted");
  EXPECT_MESSAGE(DataError, load({tensor("layers.0.weight", {2, 3}), tensor("layers.0.bias", {2})}), "bias of 2");
  EXPECT_MESSAGE(DataError, load({tensor("layers.0.weight", {0, 3}), tensor("layers.0.bias", {3})}), "an extent of 0");
  EXPECT_MESSAGE(DataError, load({tensor("layers.0.weight", {2, 3}), tensor("layers.0.bias", {3}), tensor("x", {1})}),
                 "3 tensors, but an MLP of 1 layers has 2");
  EXPECT_MESSAGE(DataError,
                 load({tensor("layers.0.weight", {2, 3}), tensor("layers.0.bias", {3}),
                       tensor("layers.1.weight", {4, 2}), tensor("layers.1.bias", {2})}),
                 "layer 1 takes 4 inputs, the layer before it gives 3");
}

TEST(Mlp, RefusesWrongShapes) {
  nn::TestCompute compute;
  Mlp model = make_model();
  Tensor x({2, 12}), narrow({2, 2});
  EXPECT_MESSAGE(std::invalid_argument, model.logits(x.matrix(), narrow.matrix(), compute.compute),
                 "want [B,12] and [B,3]");
  EXPECT_MESSAGE(std::invalid_argument, classify(model, std::vector<std::uint8_t>(13), compute.compute), "13 pixels");
  const int one[] = {3}, negative[] = {3, -2};
  EXPECT_THROW(Mlp{one}, std::invalid_argument);
  EXPECT_THROW(Mlp{negative}, std::invalid_argument);
  EXPECT_THROW(Mlp(std::vector<int>(66, 1)), std::invalid_argument);
  const int wide[] = {2, 300};
  Mlp wide_model(wide);
  EXPECT_MESSAGE(std::invalid_argument, classify(wide_model, std::vector<std::uint8_t>(2), compute.compute),
                 "300 classes");
}

TEST(Mlp, AccuracyIsAFraction) {
  const std::vector<std::uint8_t> predictions = {1, 2, 3, 4}, labels = {1, 2, 0, 4};
  EXPECT_EQ(accuracy(predictions, labels), 0.75);
  EXPECT_THROW(accuracy(predictions, std::span(labels).first(3)), std::invalid_argument);
  EXPECT_THROW(accuracy({}, {}), std::invalid_argument);
}

}  // namespace
}  // namespace optlab::image
