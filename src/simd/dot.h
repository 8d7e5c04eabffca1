#pragma once

#include <cstdint>

namespace optlab::simd {

/// The contract of an integer dot policy in its plainest form: one column. A step takes kGroup values of k at once: from
/// A they are spread over all columns, in B they lie side by side for each column in turn, and
///   dot(sum, a, b, constants)[n] = sum[n] + Σ_{g < kGroup} a[g] · b[n][g],
/// exactly, in 32 bits. `constants()` is what a kernel loads before its loop.
///
/// Seven-bit policies (kActivationBits = 7) take activations 0..127 and weights -128..127: 127·128·2 = 32512 is what two
/// products may add up to in the 16 bits in which x86 and relaxed WebAssembly add them. Eight-bit policies take
/// activations 0..255 and store both operands in 16 bits.
struct ScalarDot {
  static constexpr const char* kName = "scalar";
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
};

}  // namespace optlab::simd
