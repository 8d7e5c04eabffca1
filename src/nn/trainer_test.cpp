#include "nn/trainer.h"

#include <stdexcept>

#include "nn/test_support.h"

namespace optlab::nn {
namespace {

constexpr int kSizes[] = {16, 24, 4};

/// Four classes of noisy images: class c is bright in row c of 4×4 pixels.
Dataset make_data(int count) {
  Dataset data{.image_size = 16, .pixels = {}, .labels = {}};
  const Rng rng(5);
  for (int i = 0; i < count; ++i) {
    const int label = i % 4;
    for (int p = 0; p < 16; ++p) {
      data.pixels.push_back(static_cast<std::uint8_t>((p / 4 == label ? 60 : 0) + rng.below(i * 16 + p, 160)));
    }
    data.labels.push_back(static_cast<std::uint8_t>(label));
  }
  return data;
}

std::string train_digest(const gemm::Variant* variant, int threads) {
  Mlp model(kSizes);
  model.initialize(1);
  TestCompute compute(nullptr, threads);
  compute.compute.variant = variant;
  train(model, make_data(203), {.epochs = 2, .batch = 32}, compute.compute);
  return model.parameter_digest();
}

TEST(Trainer, LearnsAndReportsItsProgress) {
  Mlp model(kSizes);
  model.initialize(1);
  TestCompute compute;
  const Dataset data = make_data(400);
  int calls = 0;
  double first_loss = 0.0, last_loss = 0.0;
  train(model, data, {.epochs = 30, .batch = 64, .learning_rate = 0.01F}, compute.compute,
        [&](const TrainingProgress& p) {
          EXPECT_EQ(p.batches, 7);
          EXPECT_EQ(p.epoch, calls / 7 + 1);
          EXPECT_EQ(p.batch, calls % 7 + 1);
          if (calls == 0) first_loss = p.loss;
          last_loss = p.loss;
          ++calls;
          return true;
        });
  EXPECT_EQ(calls, 210);
  EXPECT_LT(last_loss, 0.5 * first_loss);
  EXPECT_GT(accuracy(classify(model, data.pixels, compute.compute).predictions, data.labels), 0.9);
}

TEST(Trainer, WeightsAreTheSameBitsForEveryExactVariantAndThreadCount) {
  const std::string want = train_digest(&gemm::variants().front(), 1);
  for (const gemm::Variant& variant : gemm::variants()) {
    if (variant.mode != gemm::Mode::kExact || !variant.supported()) continue;
    for (int threads : {1, 2, 3, 4}) EXPECT_EQ(train_digest(&variant, threads), want) << variant.name << ' ' << threads;
  }
  // The same number natively, under qemu and as WebAssembly.
  EXPECT_EQ(want, "8674aa1c036804d1");
}

TEST(Trainer, StopsWhenTheCallbackSaysSo) {
  Mlp model(kSizes);
  TestCompute compute;
  int calls = 0;
  train(model, make_data(64), {.epochs = 5, .batch = 16}, compute.compute,
        [&](const TrainingProgress&) { return ++calls < 3; });
  EXPECT_EQ(calls, 3);
}

TEST(Trainer, TheRateFollowsItsSchedule) {
  for (bool cosine : {true, false}) {
    Mlp model(kSizes);
    TestCompute compute;
    std::vector<float> rates;
    train(model, make_data(64), {.epochs = 2, .batch = 32, .learning_rate = 0.5F, .cosine = cosine}, compute.compute,
          [&](const TrainingProgress& p) {
            rates.push_back(p.learning_rate);
            return true;
          });
    ASSERT_EQ(rates.size(), 4U);
    EXPECT_EQ(rates[0], 0.5F);
    EXPECT_NEAR(rates[2], cosine ? 0.25 : 0.5, 1e-6);
    EXPECT_NEAR(rates[3], cosine ? 0.0732233 : 0.5, 1e-6);
  }
}

TEST(Trainer, SaysThatItDiverged) {
  Mlp model(kSizes);
  model.initialize(1);
  TestCompute compute;
  EXPECT_MESSAGE(std::runtime_error,
                 train(model, make_data(64), {.epochs = 9, .batch = 8, .learning_rate = 1e30F}, compute.compute),
                 "the loss is not finite");
}

TEST(Trainer, RefusesOptionsAndDataThatDoNotFit) {
  Mlp model(kSizes);
  TestCompute compute;
  const Dataset data = make_data(8);
  Dataset wrong = data;
  wrong.image_size = 8;
  EXPECT_THROW(train(model, data, {.epochs = 0}, compute.compute), std::invalid_argument);
  EXPECT_THROW(train(model, data, {.batch = 0}, compute.compute), std::invalid_argument);
  EXPECT_THROW(train(model, data, {.learning_rate = -1.0F}, compute.compute), std::invalid_argument);
  EXPECT_THROW(train(model, data, {.learning_rate = std::numeric_limits<float>::quiet_NaN()}, compute.compute),
               std::invalid_argument);
  EXPECT_MESSAGE(std::invalid_argument, train(model, wrong, {}, compute.compute), "images of 8 pixels");
  EXPECT_THROW(train(model, Dataset{.image_size = 16, .pixels = {}, .labels = {}}, {}, compute.compute),
               std::invalid_argument);
}

}  // namespace
}  // namespace optlab::nn
