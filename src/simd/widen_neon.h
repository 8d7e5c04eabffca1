#pragma once

#include <cstdint>

#include "simd/neon.h"
#include "simd/traits.h"

namespace optlab::simd {

/// See ScalarWiden for the contract.
template <class Policy>
struct NeonWiden {
  using Simd = Policy;
  static constexpr int kPanels = 2;
  static constexpr int kBytePanels = 2;
  struct Pair {
    float32x4_t low, high;
  };
  struct Nibbles {
    Pair first, second;
  };
  static Pair to_floats(int8x8_t bytes) {
    const int16x8_t words = vmovl_s8(bytes);
    return {vcvtq_f32_s32(vmovl_s16(vget_low_s16(words))), vcvtq_f32_s32(vmovl_high_s16(words))};
  }
  static Pair load_i8(const std::int8_t* from) { return to_floats(vld1_s8(from)); }
  static Nibbles load_i4(const std::uint8_t* from) {
    const uint8x8_t bytes = vld1_u8(from);
    const int8x8_t eight = vdup_n_s8(8);
    const int8x8_t low = vreinterpret_s8_u8(vand_u8(bytes, vdup_n_u8(15)));
    return {to_floats(vsub_s8(low, eight)), to_floats(vsub_s8(vreinterpret_s8_u8(vshr_n_u8(bytes, 4)), eight))};
  }
  static float32x4_t moved_half(int16x4_t halves) {
    const uint32x4_t bits = vreinterpretq_u32_s32(vshlq_n_s32(vmovl_s16(halves), 13));  // the sign is in bits 28 to 31
    return vreinterpretq_f32_u32(vandq_u32(bits, vdupq_n_u32(0x8FFFE000U)));
  }
  static Pair load_half(const std::uint16_t* from) {
    const int16x8_t halves = vreinterpretq_s16_u16(vld1q_u16(from));
    return {moved_half(vget_low_s16(halves)), moved_half(vget_high_s16(halves))};
  }
};

template <>
struct WidenOf<Neon> {
  using Type = NeonWiden<Neon>;
};
template <>
struct WidenOf<NeonFma> {
  using Type = NeonWiden<NeonFma>;
};

}  // namespace optlab::simd
