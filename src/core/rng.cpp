#include "core/rng.h"

#include <utility>

#include "core/math.h"

namespace optlab {

std::array<std::uint32_t, 4> Rng::block(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53U} * counter[0];
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57U} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(product0)};
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return counter;
}

std::array<std::uint32_t, 4> Rng::four_bits(std::uint64_t group) const {
  return block({static_cast<std::uint32_t>(group), static_cast<std::uint32_t>(group >> 32), stream_, 0},
               {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)});
}

std::uint32_t Rng::bits(std::uint64_t index) const { return four_bits(index >> 2)[index & 3]; }

float Rng::normal(std::uint64_t index) const {
  // Midpoints of 2^23 cells: never 0 or 1, symmetric about 1/2.
  const float p = (static_cast<float>(bits(index) >> 9) + 0.5F) * 0x1p-23F;
  const float q = p - 0.5F;
  if (q <= 0.425F && q >= -0.425F) {
    const float r = 0.180625F - q * q;
    return q * (((59.109374720F * r + 159.29113202F) * r + 50.434271938F) * r + 3.3871327179F) /
           (((67.187563600F * r + 78.757757664F) * r + 17.895169469F) * r + 1.0F);
  }
  float r = math::sqrt(-math::log(q < 0.0F ? p : 1.0F - p));
  float value;
  if (r <= 5.0F) {
    r -= 1.6F;
    value = (((0.17023821103F * r + 1.3067284816F) * r + 2.7568153900F) * r + 1.4234372777F) /
            ((0.12021132975F * r + 0.73700164250F) * r + 1.0F);
  } else {
    r -= 5.0F;
    value = (((0.017337203997F * r + 0.42868294337F) * r + 3.0812263860F) * r + 6.6579051150F) /
            ((0.012258202635F * r + 0.24197894225F) * r + 1.0F);
  }
  return q < 0.0F ? -value : value;
}

void Rng::shuffle(std::span<std::uint32_t> items) const {
  for (std::size_t i = items.size(); i > 1; --i) {
    std::swap(items[i - 1], items[below(i, static_cast<std::uint32_t>(i))]);
  }
}

void Rng::fill_uniform(std::span<float> values, float low, float high) const {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = uniform(i, low, high);
}

}  // namespace optlab
