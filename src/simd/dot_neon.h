#pragma once

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

namespace optlab::simd {

/// Four columns, two values of k, operands of 16 bits; see ScalarDot for the contract.
struct NeonDot16 {
  static constexpr const char* kName = "neon";
  static constexpr int kActivationBits = 8;
  static constexpr int kGroup = 2;
  static constexpr int kLanes = 4;
  using A = std::int16_t;
  using B = std::int16_t;
  using Group = int16x8_t;
  using Weights = int16x8_t;
  using Sum = int32x4_t;

  struct Constants {};
  static Constants constants() { return {}; }
  static Sum zero() { return vdupq_n_s32(0); }
  static Group load_splat(const A* from) {
    std::int32_t bits;
    std::memcpy(&bits, from, sizeof bits);
    return vreinterpretq_s16_s32(vdupq_n_s32(bits));
  }
  static Weights load(const B* from) { return vld1q_s16(from); }
  static Sum dot(Sum sum, Group a, Weights b, Constants /*constants*/) {
    const int32x4_t low = vmull_s16(vget_low_s16(a), vget_low_s16(b));
    const int32x4_t high = vmull_high_s16(a, b);
    return vaddq_s32(sum, vpaddq_s32(low, high));
  }
  static void store(std::int32_t* to, Sum sum) { vst1q_s32(to, sum); }
};

/// Four columns, four values of k, seven-bit activations, which are signed bytes too.
struct NeonDot {
  static constexpr const char* kName = "neon";
  static constexpr int kActivationBits = 7;
  static constexpr int kGroup = 4;
  static constexpr int kLanes = 4;
  using A = std::uint8_t;
  using B = std::int8_t;
  using Group = int8x16_t;
  using Weights = int8x16_t;
  using Sum = int32x4_t;

  struct Constants {};
  static Constants constants() { return {}; }
  static Sum zero() { return vdupq_n_s32(0); }
  static Group load_splat(const A* from) {
    std::int32_t bits;
    std::memcpy(&bits, from, sizeof bits);
    return vreinterpretq_s8_s32(vdupq_n_s32(bits));
  }
  static Weights load(const B* from) { return vld1q_s8(from); }
  static Sum dot(Sum sum, Group a, Weights b, Constants /*constants*/) {
    const int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(b));
    const int16x8_t high = vmull_high_s8(a, b);
    return vpadalq_s16(sum, vpaddq_s16(low, high));
  }
  static void store(std::int32_t* to, Sum sum) { vst1q_s32(to, sum); }
};

}  // namespace optlab::simd
