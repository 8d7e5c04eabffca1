#include "image/cnn.h"

#include <algorithm>
#include <stdexcept>

#include "core/error.h"
#include "image/load_model.h"
#include "image/mlp.h"
#include "nn/test_support.h"

namespace optlab::image {
namespace {

constexpr CnnOptions kSmall{.channels1 = 3, .channels2 = 5, .hidden = 7, .classes = 4};

Cnn make_model(const CnnOptions& options = kSmall) {
  Cnn model(options);
  model.initialize(11);
  // As training leaves them.
  for (nn::Parameter* buffer : model.network().buffers()) Rng(2).fill_uniform(buffer->value.values(), 0.2F, 0.9F);
  return model;
}

std::vector<std::uint8_t> make_pixels(int images) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(images) * 784);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 37 + i / 784);
  return pixels;
}

TEST(Cnn, IsSmall) {
  Cnn model;
  EXPECT_EQ(model.parameter_count(), 3U * 3 * 16 + 32 + 3 * 3 * 16 * 32 + 64 + 49 * 32 * 64 + 64 + 64 * 10 + 10);
  EXPECT_LT(model.parameter_count(), 120'000U);
  EXPECT_LE(model.to_safetensors().size(), 500'000U);
  EXPECT_EQ(model.inputs(), 784);
  EXPECT_EQ(model.outputs(), 10);
  EXPECT_EQ(model.input_shape(3), (Shape{3, 28, 28, 1}));
  EXPECT_THROW(Cnn({.channels1 = 0}), std::invalid_argument);
  EXPECT_THROW(Cnn({.hidden = -1}), std::invalid_argument);
}

TEST(Cnn, InitializingForgetsAllTraining) {
  Cnn fresh(kSmall), used = make_model();
  used.network().layers()[1]->parameters()[0]->value.values()[0] = 7.0F;
  for (Cnn* model : {&fresh, &used}) model->initialize(5);
  EXPECT_EQ(used.parameter_digest(), fresh.parameter_digest());
}

TEST(Cnn, ExactVariantsAndThreadsAgreeBitForBit) {
  Cnn model = make_model();
  const auto pixels = make_pixels(9);
  nn::TestCompute reference(gemm::variants().front(), 1);
  const Classification want = classify(model, pixels, reference.compute);
  const auto first = classify(model, std::span(pixels).first(784), reference.compute);
  EXPECT_TRUE(std::equal(first.logits.begin(), first.logits.end(), want.logits.begin()));  // not of the batch
  for (const gemm::Variant& variant : gemm::variants()) {
    if (variant.mode != gemm::Mode::kExact || !variant.supported()) continue;
    for (int threads : {1, 2, 4}) {
      nn::TestCompute compute(variant, threads);
      EXPECT_EQ(classify(model, pixels, compute.compute).logits_digest, want.logits_digest) << variant.name;
      model.prepare(variant);
      EXPECT_EQ(classify(model, pixels, compute.compute).logits_digest, want.logits_digest) << variant.name;
    }
  }
}

TEST(Cnn, SurvivesItsCheckpointFoldedOrNot) {
  nn::TestCompute compute;
  const auto pixels = make_pixels(5);
  Cnn model = make_model();
  const auto bytes = model.to_safetensors();
  EXPECT_EQ(checkpoint::Safetensors::parse(bytes).metadata().at("model"), "cnn");
  Cnn again = Cnn::from_safetensors(bytes);
  EXPECT_EQ(again.parameter_digest(), model.parameter_digest());
  const auto want = classify(model, pixels, compute.compute).logits;
  EXPECT_EQ(classify(again, pixels, compute.compute).logits, want);

  again.fold();
  EXPECT_EQ(again.network().buffers().size(), 0U);
  Cnn folded = Cnn::from_safetensors(again.to_safetensors());
  EXPECT_FALSE(folded.options().normalized);
  const auto got = classify(folded, pixels, compute.compute).logits;
  for (std::size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-4);
  EXPECT_EQ(load_model(bytes)->kind(), "cnn");
}

TEST(Cnn, RefusesCheckpointsThatAreNoCnn) {
  Cnn model = make_model();
  const auto message = [&](auto&& change) {
    std::vector<checkpoint::SafetensorsSource> sources;
    for (const nn::Parameter* tensor : model.tensors())
      sources.push_back(checkpoint::source_of(tensor->name, tensor->value));
    change(sources);
    const auto bytes = checkpoint::write_safetensors(sources);
    return message_of<DataError>([&] { Cnn::from_safetensors(bytes); });
  };
  using Sources = std::vector<checkpoint::SafetensorsSource>;
  const auto of = [](Sources& sources, std::string_view name) {
    return std::find_if(sources.begin(), sources.end(), [&](const auto& source) { return source.name == name; });
  };
  EXPECT_EQ(message([](Sources&) {}), "(nothing was thrown)");
  const std::vector<float> one(1);
  EXPECT_NE(message([&](Sources& s) {
              s.push_back({"extra", {1}, one});
            }).find("15 tensors, but a CNN with norms has 14"),
            std::string::npos);
  EXPECT_NE(message([&](Sources& s) { s.erase(of(s, "norm2.mean")); }).find("no tensor \"norm2.mean\""),
            std::string::npos);
  EXPECT_NE(message([&](Sources& s) { s.erase(of(s, "conv1.weight")); }).find("no tensor \"conv1.weight\""),
            std::string::npos);
  EXPECT_NE(message([&](Sources& s) {
              of(s, "linear1.weight")->shape = {5 * 7, 49};
            }).find("linear1.weight is [35,49]"),
            std::string::npos);
  EXPECT_NE(message([&](Sources& s) {
              of(s, "conv2.weight")->shape = {3, 1, 9, 5};
            }).find("conv1.weight gives 3"),
            std::string::npos);
  EXPECT_NE(message([&](Sources& s) {
              of(s, "conv1.weight")->shape = {1, 9, 1, 3};
            }).find("is [1,9,1,3], want [3,3,1,3]"),
            std::string::npos);
  EXPECT_MESSAGE(DataError, load_model(checkpoint::write_safetensors({}, {{"model", "lm"}})),
                 "\"model\" is \"lm\"; want");
  const int sizes[] = {4, 3};
  EXPECT_EQ(load_model(Mlp(sizes).to_safetensors())->kind(), "mlp");
}

}  // namespace
}  // namespace optlab::image
