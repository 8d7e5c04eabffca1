#pragma once

#include <cstdint>

namespace optlab::simd {

/// What is added to a scaled sum, and between which two integers from 0 to 255 the result stays.
struct ByteRange {
  float zero_point;
  float low;
  float high;
};

/// Adding it to a float from 0 to 255 leaves no room for a fraction: the lowest byte is the nearest integer, ties to even.
inline constexpr float kRoundingShift = 8388608.0F;  // 2^23

/// The contract of an integer dot policy in its plainest form: one column. A step takes kGroup values of k at once: from
/// A they are spread over all columns, in B they lie side by side for each column in turn, and
///   dot(sum, a, b, constants)[n] = sum[n] + Σ_{g < kGroup} a[g] · b[n][g],
/// exactly, in 32 bits. kName says the instruction set and the mix of instructions, whose peak measure/ finds. `constants()` is what a kernel loads before its loop.
///
/// Seven-bit policies (kActivationBits = 7) take activations 0..127 and weights -128..127: 127·128·2 = 32512 is what two
/// products may add up to in the 16 bits in which x86 and relaxed WebAssembly add them. Eight-bit policies take
/// activations 0..255 and store both operands in 16 bits.
///
/// `multiply_add` takes a column's own activation: sum[n] + a[n]·w[n].
///
/// `to_bytes` makes sums bytes: to[n] = the integer nearest to (sum[n] + offsets[n])·scales[n] + range.zero_point, ties to
/// even, after it was clamped to range.low … range.high; every operation rounds to float.
struct ScalarDot {
  static constexpr const char* kName = "scalar int8";
  // The register tile, and numbers of vectors of sums for the probe of the peak (measure/int8_probe_micro_kernel.h).
  static constexpr int kTileRows = 4;
  static constexpr int kTileVectors = 2;
  static constexpr int kProbeVectors[] = {4, 5, 6};
  static constexpr int kActivationBits = 8;
  static constexpr int kGroup = 4;
  static constexpr int kLanes = 1;
  using A = std::uint8_t;
  using B = std::int8_t;
  using Group = const std::uint8_t*;
  using Weights = const std::int8_t*;
  using Sum = std::int32_t;

  struct Constants {};
  static Constants constants() { return {}; }
  static Sum zero() { return 0; }
  /// kGroup activations, in every column.
  static Group load_splat(const A* from) { return from; }
  /// kGroup weights of each of kLanes columns.
  static Weights load(const B* from) { return from; }
  static Sum dot(Sum sum, Group a, Weights b, Constants /*constants*/) {
    for (int g = 0; g < kGroup; ++g) sum += std::int32_t{a[g]} * std::int32_t{b[g]};
    return sum;
  }
  static void store(std::int32_t* to, Sum sum) { *to = sum; }
  static Sum multiply_add(Sum sum, const std::uint8_t* a, const std::int16_t* w) {
    return sum + std::int32_t{*a} * std::int32_t{*w};
  }
  static Sum load_sums(const std::int32_t* from) { return *from; }
  static void to_bytes(Sum sum, const std::int32_t* offsets, const float* scales, const ByteRange& range,
                       std::uint8_t* to) {
    // Unsigned, where an overflow is defined.
    const auto shifted = static_cast<std::uint32_t>(sum) + static_cast<std::uint32_t>(*offsets);
    float value = static_cast<float>(static_cast<std::int32_t>(shifted)) * *scales;
    value += range.zero_point;
    value = value < range.high ? value : range.high;
    value = value > range.low ? value : range.low;
    *to = static_cast<std::uint8_t>(__builtin_bit_cast(std::uint32_t, value + kRoundingShift));
  }
};

}  // namespace optlab::simd
