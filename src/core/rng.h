#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace optlab {

/// Counter-based random numbers: the value at (seed, stream, index) is a pure function, so that any thread can compute
/// any element in any order and every platform sees the same numbers. Philox4x32-10.
/// Source: Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", 2011.
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint32_t stream = 0) : seed_(seed), stream_(stream) {}

  std::uint32_t bits(std::uint64_t index) const;
  /// bits(4·group), … bits(4·group + 3), for the price of one.
  std::array<std::uint32_t, 4> four_bits(std::uint64_t group) const;
  /// In [0, 1), 24 bits of resolution.
  float uniform(std::uint64_t index) const { return static_cast<float>(bits(index) >> 8) * 0x1p-24F; }
  float uniform(std::uint64_t index, float low, float high) const { return low + (high - low) * uniform(index); }
  /// Standard normal.
  /// Source: Wichura, "Algorithm AS 241", 1988 (PPND7), applied to a uniform in (0, 1).
  float normal(std::uint64_t index) const;
  /// In [0, bound), bias below bound/2^32. `bound` > 0.
  std::uint32_t below(std::uint64_t index, std::uint32_t bound) const {
    return static_cast<std::uint32_t>((std::uint64_t{bits(index)} * bound) >> 32);
  }
  /// A Fisher-Yates permutation of `items`; std::shuffle leaves its algorithm open.
  void shuffle(std::span<std::uint32_t> items) const;
  void fill_uniform(std::span<float> values, float low, float high) const;

  /// One Philox4x32-10 block, for the known-answer tests.
  static std::array<std::uint32_t, 4> block(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

 private:
  std::uint64_t seed_;
  std::uint32_t stream_;
};

}  // namespace optlab
