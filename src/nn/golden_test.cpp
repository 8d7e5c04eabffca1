#include <cstdio>
#include <memory>

#include "core/digest.h"
#include "nn/dataset.h"
#include "nn/mlp.h"
#include "nn/test_support.h"

/// The proof of exact mode: this test runs natively (scalar, AVX2), under sanitizers, under qemu (NEON) and as
/// WebAssembly, and all must arrive at the same bits. It runs in the repository's root.
namespace optlab::nn {
namespace {

constexpr const char* kModel = "models/fashion-mlp.safetensors";
constexpr const char* kImages = "data/fashion-mnist/golden-64.idx3-ubyte";
constexpr const char* kLogitsDigest = "4dee805f08c5241d";
constexpr const char* kWeightsDigest = "476aa1531950a54a";  // also in models/README.md and in the checkpoint's metadata

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
  EXPECT_EQ(Safetensors::parse(bytes).metadata().at("parameter_digest"), kWeightsDigest);
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
  for (const gemm::Variant& variant : gemm::variants()) {
    if (variant.mode != gemm::Mode::kExact || !variant.supported()) continue;
    ++rungs;
    for (int threads = 1; threads <= 4; ++threads) {
      TestCompute compute(variant, threads);
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
  TestCompute exact;
  const auto want = classify(model, images.pixels, exact.compute).predictions;
  for (const gemm::Variant& variant : gemm::variants()) {
    if (!variant.supported()) continue;
    TestCompute compute(variant, 2);
    EXPECT_EQ(classify(model, images.pixels, compute.compute).predictions, want) << variant.name;
  }
}

}  // namespace
}  // namespace optlab::nn
