#pragma once

#include <cstdint>

#include "simd/scalar.h"
#include "simd/traits.h"

namespace optlab::simd {

/// Small integers as floats, for kernels that keep weights in few bits and compute in float32; a policy of its own beside
/// each Simd. `pair` is two neighbouring vectors, since that is what one load of bytes fills.
struct ScalarWiden {
  using Simd = Scalar;
  static constexpr int kPanels = 1;      // of 16 columns, whose sums stay in registers
  static constexpr int kBytePanels = 1;  // the same where bytes are widened
  struct Pair {
    float low, high;
  };
  /// 2·kLanes signed bytes.
  static Pair load_i8(const std::int8_t* from) { return {static_cast<float>(from[0]), static_cast<float>(from[1])}; }
  struct Nibbles {
    Pair first, second;
  };
  /// 2·kLanes bytes; of each the lower four bits, less 8, belong to the first pair, the upper to the second.
  static Nibbles load_i4(const std::uint8_t* from) {
    const auto low = [&](int i) { return static_cast<float>((from[i] & 15) - 8); };
    const auto high = [&](int i) { return static_cast<float>((from[i] >> 4) - 8); };
    return {{low(0), low(1)}, {high(0), high(1)}};
  }
  /// 2·kLanes halves (core/float16.h), none infinite or NaN, times 2^-112: their bits where float32 has them. A half below
  /// 2^-14 becomes a subnormal float, which costs some 150 cycles at its first use.
  static Pair load_half(const std::uint16_t* from) {
    const auto moved = [](std::uint32_t half) {
      return __builtin_bit_cast(float, (half & 0x8000U) << 16 | (half & 0x7FFFU) << 13);
    };
    return {moved(from[0]), moved(from[1])};
  }
};

template <>
struct WidenOf<Scalar> {
  using Type = ScalarWiden;
};

}  // namespace optlab::simd
