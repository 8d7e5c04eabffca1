#include "nn/dropout_mask.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "nn/training_kernels.h"
#include "nn/workers.h"

namespace optlab::nn {
namespace {

constexpr int kBlocks = 16;   // Philox blocks at a time, side by side, so that a compiler can use vectors
constexpr int kPerBlock = 8;  // elements: two for each of a block's four words
constexpr int kPerGroup = kBlocks * kPerBlock;

/// Philox4x32-10 (core/rng.h) for the counters (first + i, high, stream, step).
void philox(std::uint32_t first, std::uint32_t stream, std::uint32_t step, std::uint64_t seed,
            std::uint32_t (&words)[4][kBlocks]) {
  for (int i = 0; i < kBlocks; ++i) {
    words[0][i] = first + static_cast<std::uint32_t>(i);
    words[1][i] = 0x44524F50U;  // apart from what Rng draws
    words[2][i] = stream;
    words[3][i] = step;
  }
  auto key0 = static_cast<std::uint32_t>(seed);
  auto key1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < kBlocks; ++i) {
      const std::uint64_t product0 = std::uint64_t{0xD2511F53U} * words[0][i];
      const std::uint64_t product1 = std::uint64_t{0xCD9E8D57U} * words[2][i];
      words[0][i] = static_cast<std::uint32_t>(product1 >> 32) ^ words[1][i] ^ key0;
      words[1][i] = static_cast<std::uint32_t>(product1);
      words[2][i] = static_cast<std::uint32_t>(product0 >> 32) ^ words[3][i] ^ key1;
      words[3][i] = static_cast<std::uint32_t>(product0);
    }
    key0 += 0x9E3779B9U;
    key1 += 0xBB67AE85U;
  }
}

}  // namespace

DropoutMask::DropoutMask(float probability, std::uint32_t stream) : stream_(stream) {
  const bool in_range = probability >= 0.0F && probability < 1.0F;  // a NaN is not
  if (!in_range) {
    throw std::invalid_argument("dropout: the probability is " + std::to_string(probability) + "; want 0 <= p < 1");
  }
  threshold_ = static_cast<std::uint32_t>(probability * 65536.0F);
  scale_ = 65536.0F / static_cast<float>(65536U - threshold_);
}

void DropoutMask::draw(std::size_t size, const Pass& pass) {
  const std::size_t groups = (size + kPerGroup - 1) / kPerGroup;
  kept_.resize(groups * kPerGroup);
  constexpr double kFlops = 10.0 * kPerGroup;
  detail::for_rows(pass.compute.context.pool, static_cast<int>(groups), kFlops, [&](int group) {
    std::uint32_t words[4][kBlocks];
    philox(static_cast<std::uint32_t>(group) * kBlocks, stream_, pass.step, pass.seed, words);
    std::uint8_t* to = kept_.data() + static_cast<std::size_t>(group) * kPerGroup;
    for (int w = 0; w < 4; ++w) {
      for (int i = 0; i < kBlocks; ++i) {
        to[2 * w * kBlocks + i] = (words[w][i] & 0xFFFFU) >= threshold_ ? 1 : 0;
        to[(2 * w + 1) * kBlocks + i] = (words[w][i] >> 16) >= threshold_ ? 1 : 0;
      }
    }
  });
}

void DropoutMask::apply(const float* x, std::size_t first, int count, float* y) const noexcept {
  detail::training_kernels().masked(x, kept_.data() + first, count, scale_, y);
}

void DropoutMask::add(const float* a, const float* x, std::size_t first, int count, float* y) const noexcept {
  detail::training_kernels().add_masked(a, x, kept_.data() + first, count, scale_, y);
}

}  // namespace optlab::nn
