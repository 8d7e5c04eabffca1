#pragma once

#include <arm_neon.h>

namespace optlab::simd {

/// Four lanes of AArch64 Advanced SIMD; see Scalar for the contract.
struct Neon {
  static constexpr const char* kName = "neon";
  static constexpr int kLanes = 4;
  static constexpr int kRegisters = 32;
  // 16 sums of 32 registers; not measured on hardware.
  static constexpr int kTileRows = 8;
  static constexpr int kTileVectors = 2;
  static constexpr bool kFused = false;
  using F32 = float32x4_t;
  using I32 = int32x4_t;
  using Mask = uint32x4_t;

  static F32 zero() { return vdupq_n_f32(0.0F); }
  static F32 broadcast(float value) { return vdupq_n_f32(value); }
  static F32 load_splat(const float* from) { return vld1q_dup_f32(from); }
  static F32 load(const float* from) { return vld1q_f32(from); }
  static void store(float* to, F32 value) { vst1q_f32(to, value); }
  static F32 load_first(const float* from, int count) {
    float lanes[kLanes] = {};
    for (int i = 0; i < count; ++i) lanes[i] = from[i];
    return load(lanes);
  }
  static void store_first(float* to, F32 value, int count) {
    float lanes[kLanes];
    store(lanes, value);
    for (int i = 0; i < count; ++i) to[i] = lanes[i];
  }
  static F32 add(F32 a, F32 b) { return vaddq_f32(a, b); }
  static F32 sub(F32 a, F32 b) { return vsubq_f32(a, b); }
  static F32 mul(F32 a, F32 b) { return vmulq_f32(a, b); }
  static F32 div(F32 a, F32 b) { return vdivq_f32(a, b); }
  static F32 sqrt(F32 a) { return vsqrtq_f32(a); }
  static F32 mul_add(F32 a, F32 b, F32 c) { return vaddq_f32(vmulq_f32(a, b), c); }
  static F32 max(F32 a, F32 b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
  static F32 min(F32 a, F32 b) { return vbslq_f32(vcltq_f32(a, b), a, b); }

  static float reduce_add(F32 a) {
    const float32x2_t two = vadd_f32(vget_low_f32(a), vget_high_f32(a));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
  }
  static float reduce_max(F32 a) { return vmaxvq_f32(a); }

  static F32 abs(F32 a) { return vabsq_f32(a); }
  static F32 copy_sign(F32 magnitude, F32 sign) { return vbslq_f32(vdupq_n_u32(0x80000000U), sign, magnitude); }
  static Mask less(F32 a, F32 b) { return vcltq_f32(a, b); }
  static Mask is_nan(F32 a) { return vmvnq_u32(vceqq_f32(a, a)); }
  static F32 select(Mask mask, F32 yes, F32 no) { return vbslq_f32(mask, yes, no); }
  static F32 swap_pairs(F32 a) { return vrev64q_f32(a); }

  static I32 broadcast_int(int value) { return vdupq_n_s32(value); }
  static I32 to_int(F32 a) { return vcvtq_s32_f32(a); }
  static F32 to_float(I32 a) { return vcvtq_f32_s32(a); }
  static I32 add_int(I32 a, I32 b) { return vaddq_s32(a, b); }
  static I32 sub_int(I32 a, I32 b) { return vsubq_s32(a, b); }
  template <int kBits>
  static I32 shift_left(I32 a) {
    return vshlq_n_s32(a, kBits);
  }
  template <int kBits>
  static I32 shift_right(I32 a) {
    return vshrq_n_s32(a, kBits);
  }
  static F32 from_bits(I32 bits) { return vreinterpretq_f32_s32(bits); }
};

/// Neon with a fused multiply-add: fast mode only.
struct NeonFma : Neon {
  static constexpr const char* kName = "neon+fma";
  static constexpr bool kFused = true;
  static F32 mul_add(F32 a, F32 b, F32 c) { return vfmaq_f32(c, a, b); }
};

}  // namespace optlab::simd
