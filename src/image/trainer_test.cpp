#include "image/trainer.h"

#include <limits>
#include <memory>
#include <stdexcept>

#include "core/error.h"
#include "image/cnn.h"
#include "image/mlp.h"
#include "nn/test_support.h"

namespace optlab::image {
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
  nn::TestCompute compute(nullptr, threads);
  compute.compute.variant = variant;
  train(model, make_data(203), {.epochs = 2, .batch = 32}, compute.compute);
  return model.parameter_digest();
}

TEST(Trainer, LearnsAndReportsItsProgress) {
  Mlp model(kSizes);
  model.initialize(1);
  nn::TestCompute compute;
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
  nn::TestCompute compute;
  int calls = 0;
  train(model, make_data(64), {.epochs = 5, .batch = 16}, compute.compute,
        [&](const TrainingProgress&) { return ++calls < 3; });
  EXPECT_EQ(calls, 3);
}

TEST(Trainer, TheRateFollowsItsSchedule) {
  for (bool cosine : {true, false}) {
    Mlp model(kSizes);
    nn::TestCompute compute;
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
  nn::TestCompute compute;
  EXPECT_MESSAGE(std::runtime_error,
                 train(model, make_data(64), {.epochs = 9, .batch = 8, .learning_rate = 1e30F}, compute.compute),
                 "the loss is not finite");
}

TEST(Trainer, RefusesOptionsAndDataThatDoNotFit) {
  Mlp model(kSizes);
  nn::TestCompute compute;
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

/// Squares of 28×28 pixels, bright in one quarter, which is the class.
Dataset make_images(int count) {
  Dataset data{.image_size = 784, .pixels = {}, .labels = {}};
  const Rng rng(6);
  for (int i = 0; i < count; ++i) {
    const int label = i % 4;
    for (int p = 0; p < 784; ++p) {
      const bool bright = p / 28 / 14 * 2 + p % 28 / 14 == label;
      data.pixels.push_back(static_cast<std::uint8_t>((bright ? 60 : 0) + rng.below(i * 784 + p, 160)));
    }
    data.labels.push_back(static_cast<std::uint8_t>(label));
  }
  return data;
}

std::unique_ptr<Model> make_model(bool cnn) {
  std::unique_ptr<Model> model;
  if (cnn) {
    model = std::make_unique<Cnn>(CnnOptions{4, 8, 16, 4, 0.5F, true});
  } else {
    model = std::make_unique<Mlp>(kSizes);
  }
  model->initialize(3);
  return model;
}

TEST(Trainer, LearnsTheCnn) {
  const auto model = make_model(true);
  nn::TestCompute compute;
  const Dataset data = make_images(120);
  train(*model, data, {.epochs = 10, .batch = 20, .learning_rate = 0.01F}, compute.compute);
  EXPECT_GT(accuracy(classify(*model, data.pixels, compute.compute).predictions, data.labels), 0.95);
}

TEST(Trainer, GoesOnFromASavedStateAsIfItHadNotStopped) {
  for (bool cnn : {false, true}) {
    const Dataset data = cnn ? make_images(42) : make_data(42);
    const TrainingOptions options{.epochs = 4, .batch = 16, .seed = 9};
    nn::TestCompute compute(nullptr, 2);
    const auto whole = make_model(cnn);
    train(*whole, data, options, compute.compute);

    const auto first = make_model(cnn);
    Trainer before(*first, data, options);
    std::vector<std::byte> state;
    for (int i = 0; i < 8; ++i) {  // two epochs and two batches, of which the state knows nothing
      before.step(compute.compute);
      if (i == 5) state = before.save();
    }
    EXPECT_THROW(before.save(), std::logic_error);

    const auto second = make_model(cnn);
    second->initialize(77);
    Trainer after(*second, data, options);
    after.step(compute.compute);
    after.restore(state);
    EXPECT_EQ(after.progress().epoch, 2);
    EXPECT_TRUE(after.at_epoch_end());
    EXPECT_EQ(after.save(), state);
    while (!after.done()) after.step(compute.compute);
    EXPECT_EQ(second->parameter_digest(), whole->parameter_digest()) << whole->kind();
    EXPECT_THROW(after.step(compute.compute), std::logic_error);
  }
}

TEST(Trainer, RefusesStatesOfOtherTrainingsAndKeepsItsOwn) {
  const Dataset data = make_data(42);
  const TrainingOptions options{.epochs = 4, .batch = 16, .seed = 9};
  nn::TestCompute compute;
  const auto model = make_model(false);
  Trainer trainer(*model, data, options);
  const std::vector<std::byte> state = trainer.save();
  const auto refusal = [&](const Dataset& other_data, const TrainingOptions& other_options) {
    const auto other = make_model(false);
    other->initialize(4);
    const std::string digest = other->parameter_digest();
    Trainer other_trainer(*other, other_data, other_options);
    const std::string message = message_of<DataError>([&] { other_trainer.restore(state); });
    EXPECT_EQ(other->parameter_digest(), digest);
    return message;
  };
  const std::string same = "training state: of 4 epochs, batch 16, seed 9, rate 0.001 (981668463) cosine, Adam ";
  const std::string message = refusal(data, {.epochs = 4, .batch = 8, .seed = 9});
  EXPECT_NE(message.find(same), std::string::npos) << message;
  EXPECT_NE(message.find("; this training is 4 epochs, batch 8, seed 9"), std::string::npos) << message;
  const auto expect_refused = [&](const std::string& part, const Dataset& other_data, const TrainingOptions& other) {
    const std::string why = refusal(other_data, other);
    EXPECT_NE(why.find("; this training is "), std::string::npos) << why;
    EXPECT_NE(why.find(part, why.find("; this training is ")), std::string::npos) << why;
  };
  expect_refused("is 5 epochs", data, {.epochs = 5, .batch = 16, .seed = 9});
  expect_refused("seed 8", data, {.epochs = 4, .batch = 16, .seed = 8});
  expect_refused("rate 0.1 (1036831949) cosine", data, {.epochs = 4, .batch = 16, .learning_rate = 0.1F, .seed = 9});
  expect_refused(" constant", data, {.epochs = 4, .batch = 16, .cosine = false, .seed = 9});
  expect_refused("Adam 0.8 (", data, {.epochs = 4, .batch = 16, .seed = 9, .adam = {.beta1 = 0.8F, .decay_all = true}});
  expect_refused("41 images", make_data(41), options);
  Dataset relabelled = data;
  relabelled.labels[3] = 1;
  expect_refused("42 images", relabelled, options);

  const int narrow[] = {16, 23, 4};
  Mlp other(narrow);
  Trainer other_trainer(other, data, options);
  EXPECT_MESSAGE(DataError, other_trainer.restore(state), "\"layers.0.weight\" is [16,24], want [16,23]");
  EXPECT_MESSAGE(DataError, trainer.restore(model->to_safetensors()), "training state: of missing; this");
  auto cut = state;
  cut.resize(cut.size() - 4);
  EXPECT_THROW(trainer.restore(cut), DataError);
}

TEST(Trainer, CnnWeightsAreTheSameBitsForEveryExactVariantAndThreadCount) {
  const Dataset data = make_images(50);
  const auto digest = [&](const gemm::Variant& variant, int threads) {
    const auto model = make_model(true);
    nn::TestCompute compute(variant, threads);
    train(*model, data, {.epochs = 2, .batch = 24}, compute.compute);
    return model->parameter_digest();
  };
  const std::string want = digest(gemm::variants().front(), 1);
  for (const gemm::Variant& variant : gemm::variants()) {
    if (variant.mode != gemm::Mode::kExact || !variant.supported()) continue;
    for (int threads : {1, 2, 3}) EXPECT_EQ(digest(variant, threads), want) << variant.name << ' ' << threads;
  }
}

}  // namespace
}  // namespace optlab::image
