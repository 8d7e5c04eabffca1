#include <cstdio>
#include <memory>

#include "core/digest.h"
#include "image/cnn.h"
#include "image/dataset.h"
#include "image/mlp.h"
#include "image/trainer.h"
#include "nn/test_support.h"

/// The proof of exact mode: this test runs natively (scalar, AVX2), under sanitizers, under qemu (NEON) and as
/// WebAssembly, and all must arrive at the same bits. It runs in the repository's root.
namespace optlab::image {
namespace {

constexpr const char* kModel = "models/fashion-mlp.safetensors";
constexpr const char* kImages = "data/fashion-mnist/golden-64.idx3-ubyte";
constexpr const char* kLabels = "data/fashion-mnist/golden-64.idx1-ubyte";
constexpr const char* kCnn = "models/fashion-cnn.safetensors";
constexpr const char* kLogitsDigest = "4dee805f08c5241d";
constexpr const char* kWeightsDigest = "476aa1531950a54a";  // also in models/README.md and in the checkpoint's metadata

constexpr const char* kCnnWeightsDigest = "da0430c6c9a1b8b2";
constexpr const char* kCnnLogitsDigest = "e774071b97e98bc4";
// Of the weights after 100 steps of training on these 64 images; also in wasm_tests/lib/golden_vectors.ts.
constexpr const char* kTrainedMlpDigest = "223113563245b835";
constexpr const char* kTrainedCnnDigest = "a8f0d0b762b2c69e";

template <class Byte>
std::vector<Byte> read(const char* path) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path, "rb"));
  std::vector<Byte> bytes;
  if (!file) return bytes;
  Byte chunk[4096];
  while (const std::size_t got = std::fread(chunk, 1, sizeof chunk, file.get()))
    bytes.insert(bytes.end(), chunk, chunk + got);
  return bytes;
}

TEST(Golden, CheckpointIsTheOneThatWasTrained) {
  const auto bytes = read<std::byte>(kModel);
  ASSERT_FALSE(bytes.empty()) << kModel << " can't be read; run the test in the repository's root";
  Mlp model = Mlp::from_safetensors(bytes);
  EXPECT_EQ(model.parameter_digest(), kWeightsDigest);
  EXPECT_EQ(checkpoint::Safetensors::parse(bytes).metadata().at("parameter_digest"), kWeightsDigest);
  EXPECT_EQ(model.parameter_count(), 235146U);
}

TEST(Golden, LogitsAreTheSameBitsEverywhere) {
  const auto checkpoint = read<std::byte>(kModel);
  const auto images_file = read<std::uint8_t>(kImages);
  ASSERT_FALSE(checkpoint.empty() || images_file.empty()) << "run the test in the repository's root";
  Mlp model = Mlp::from_safetensors(checkpoint);
  const IdxImages images = parse_idx_images(images_file, kImages, {.rows = 28, .columns = 28});
  ASSERT_EQ(images.count, 64);
  int rungs = 0;
  for (const gemm::Variant& variant : supported(gemm::variants(), gemm::Mode::kExact)) {
    ++rungs;
    for (int threads = 1; threads <= 4; ++threads) {
      nn::TestCompute compute(variant, threads);
      EXPECT_EQ(classify(model, images.pixels, compute.compute).logits_digest, kLogitsDigest)
          << variant.name << " with " << threads << " threads";
    }
  }
  EXPECT_GE(rungs, 4);  // the scalar ones at least
}

TEST(Golden, FastRungsGiveTheSameClasses) {
  Mlp model = Mlp::from_safetensors(read<std::byte>(kModel));
  const auto images_file = read<std::uint8_t>(kImages);
  const IdxImages images = parse_idx_images(images_file, kImages);
  nn::TestCompute exact;
  const auto want = classify(model, images.pixels, exact.compute).predictions;
  for (const gemm::Variant& variant : supported(gemm::variants())) {
    nn::TestCompute compute(variant, 2);
    EXPECT_EQ(classify(model, images.pixels, compute.compute).predictions, want) << variant.name;
  }
}

TEST(Golden, CnnCheckpointIsTheOneThatWasTrained) {
  const auto bytes = read<std::byte>(kCnn);
  ASSERT_FALSE(bytes.empty()) << kCnn << " can't be read; run the test in the repository's root";
  EXPECT_LE(bytes.size(), 500'000U);
  Cnn model = Cnn::from_safetensors(bytes);
  EXPECT_EQ(model.parameter_digest(), kCnnWeightsDigest);
  EXPECT_EQ(checkpoint::Safetensors::parse(bytes).metadata().at("parameter_digest"), kCnnWeightsDigest);
  const auto images_file = read<std::uint8_t>(kImages);
  const IdxImages images = parse_idx_images(images_file, kImages);
  for (const gemm::Variant& variant : supported(gemm::variants(), gemm::Mode::kExact)) {
    nn::TestCompute compute(variant, 3);
    EXPECT_EQ(classify(model, images.pixels, compute.compute).logits_digest, kCnnLogitsDigest) << variant.name;
  }
  nn::TestCompute exact;
  const auto want = classify(model, images.pixels, exact.compute).predictions;
  nn::TestCompute fast(nullptr, 2);
  fast.compute.mode = gemm::Mode::kFast;
  EXPECT_EQ(classify(model, images.pixels, fast.compute).predictions, want);
  model.fold();
  EXPECT_EQ(classify(model, images.pixels, exact.compute).predictions, want);
}

/// 100 steps of 8 images.
std::string train_digest(Model& model, const Dataset& data, const nn::Compute& compute) {
  model.initialize(1);
  Trainer trainer(model, data, {.epochs = 13, .batch = 8});
  for (int i = 0; i < 100; ++i) trainer.step(compute);
  return model.parameter_digest();
}

void expect_trained(Model& model, const char* want) {
  const auto images_file = read<std::uint8_t>(kImages);
  const auto labels_file = read<std::uint8_t>(kLabels);
  ASSERT_FALSE(images_file.empty() || labels_file.empty()) << "run the test in the repository's root";
  const Dataset data =
      make_dataset(parse_idx_images(images_file, kImages), parse_idx_labels(labels_file, kLabels), "golden");
  for (int threads : {1, 2, 4}) {
    nn::TestCompute compute(nullptr, threads);
    EXPECT_EQ(train_digest(model, data, compute.compute), want) << threads << " threads";
  }
  for (const gemm::Variant& variant : gemm::variants()) {
    // One thread of each instruction set; the slow scalar rungs are compared on less in trainer_test.cpp.
    if (variant.mode != gemm::Mode::kExact || !variant.supported() || variant.threaded || variant.isa == "scalar")
      continue;
    nn::TestCompute compute(variant, 1);
    EXPECT_EQ(train_digest(model, data, compute.compute), want) << variant.name;
  }
}

TEST(Golden, TrainingTheMlpGivesTheSameBitsEverywhere) {
  const int sizes[] = {784, 256, 128, 10};
  Mlp model(sizes);
  expect_trained(model, kTrainedMlpDigest);
}

TEST(Golden, TrainingTheCnnGivesTheSameBitsEverywhere) {
  Cnn model;
  expect_trained(model, kTrainedCnnDigest);
}

}  // namespace
}  // namespace optlab::image
