#pragma once

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

#include "simd/dot.h"

namespace optlab::simd {

/// Four columns, two values of k, operands of 16 bits; see ScalarDot for the contract.
struct NeonDot16 {
  static constexpr const char* kName = "neon int8 wide";
  static constexpr int kTileRows = 8;
  static constexpr int kTileVectors = 2;
  static constexpr int kProbeVectors[] = {6, 8, 12};
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
  static Sum multiply_add(Sum sum, const std::uint8_t* a, const std::int16_t* w) {
    std::uint32_t four;
    std::memcpy(&four, a, sizeof four);
    const uint16x8_t left = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)));
    return vmlal_s16(sum, vreinterpret_s16_u16(vget_low_u16(left)), vld1_s16(w));
  }
  static Sum load_sums(const std::int32_t* from) { return vld1q_s32(from); }
  static void to_bytes(Sum sum, const std::int32_t* offsets, const float* scales, const ByteRange& range,
                       std::uint8_t* to) {
    float32x4_t value = vcvtq_f32_s32(vaddq_s32(sum, load_sums(offsets)));
    value = vaddq_f32(vmulq_f32(value, vld1q_f32(scales)), vdupq_n_f32(range.zero_point));
    value = vmaxq_f32(vminq_f32(value, vdupq_n_f32(range.high)), vdupq_n_f32(range.low));
    const uint32x4_t shifted = vreinterpretq_u32_f32(vaddq_f32(value, vdupq_n_f32(kRoundingShift)));
    const uint16x4_t words = vmovn_u32(shifted);
    const uint8x8_t bytes = vmovn_u16(vcombine_u16(words, words));
    const std::uint32_t four = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
    std::memcpy(to, &four, sizeof four);
  }
};

/// Four columns, four values of k, seven-bit activations, which are signed bytes too.
struct NeonDot {
  static constexpr const char* kName = "neon int8 dot";
  static constexpr int kTileRows = 8;
  static constexpr int kTileVectors = 2;
  static constexpr int kProbeVectors[] = {6, 8, 12};
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
  static Sum multiply_add(Sum sum, const std::uint8_t* a, const std::int16_t* w) {
    return NeonDot16::multiply_add(sum, a, w);
  }
  static Sum load_sums(const std::int32_t* from) { return vld1q_s32(from); }
  static void to_bytes(Sum sum, const std::int32_t* offsets, const float* scales, const ByteRange& range,
                       std::uint8_t* to) {
    NeonDot16::to_bytes(sum, offsets, scales, range, to);
  }
};

}  // namespace optlab::simd
