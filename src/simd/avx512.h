#pragma once

#include <immintrin.h>

namespace optlab::simd {

/// Sixteen lanes; see Scalar for the contract.
struct Avx512 {
  static constexpr const char* kName = "avx512";
  static constexpr int kLanes = 16;
  static constexpr int kRegisters = 32;
  // 24 sums, 2 vectors of columns, 1 of a row and 1 for the product: 28 of 32 registers. Measured in cache, fused, one
  // thread, on a Xeon: 8×2 176, 12×2 182, 14×2 183, 6×4 158, 8×3 166 GFLOP/s.
  static constexpr int kTileRows = 12;
  static constexpr int kTileVectors = 2;
  static constexpr bool kFused = false;
  using F32 = __m512;
  using I32 = __m512i;
  using Mask = __mmask16;

  static F32 zero() { return _mm512_setzero_ps(); }
  static F32 broadcast(float value) { return _mm512_set1_ps(value); }
  static F32 load_splat(const float* from) { return _mm512_set1_ps(*from); }
  static F32 load(const float* from) { return _mm512_loadu_ps(from); }
  static void store(float* to, F32 value) { _mm512_storeu_ps(to, value); }
  static __mmask16 first_lanes(int count) { return static_cast<__mmask16>((1U << count) - 1U); }
  static F32 load_first(const float* from, int count) { return _mm512_maskz_loadu_ps(first_lanes(count), from); }
  static void store_first(float* to, F32 value, int count) { _mm512_mask_storeu_ps(to, first_lanes(count), value); }
  static F32 add(F32 a, F32 b) { return _mm512_add_ps(a, b); }
  static F32 sub(F32 a, F32 b) { return _mm512_sub_ps(a, b); }
  static F32 mul(F32 a, F32 b) { return _mm512_mul_ps(a, b); }
  static F32 div(F32 a, F32 b) { return _mm512_div_ps(a, b); }
  static F32 sqrt(F32 a) { return _mm512_sqrt_ps(a); }
  static F32 mul_add(F32 a, F32 b, F32 c) { return _mm512_add_ps(_mm512_mul_ps(a, b), c); }
  static F32 max(F32 a, F32 b) { return _mm512_max_ps(a, b); }
  static F32 min(F32 a, F32 b) { return _mm512_min_ps(a, b); }

  static float reduce_add(F32 a) {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  static float reduce_max(F32 a) {
    const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }

  static F32 abs(F32 a) { return _mm512_andnot_ps(broadcast(-0.0F), a); }
  static F32 copy_sign(F32 magnitude, F32 sign) {
    return _mm512_or_ps(abs(magnitude), _mm512_and_ps(broadcast(-0.0F), sign));
  }
  static Mask less(F32 a, F32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
  static Mask is_nan(F32 a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q); }
  static F32 select(Mask mask, F32 yes, F32 no) { return _mm512_mask_blend_ps(mask, no, yes); }
  static F32 swap_pairs(F32 a) { return _mm512_permute_ps(a, 0xB1); }

  static I32 broadcast_int(int value) { return _mm512_set1_epi32(value); }
  static I32 to_int(F32 a) { return _mm512_cvttps_epi32(a); }
  static F32 to_float(I32 a) { return _mm512_cvtepi32_ps(a); }
  static I32 add_int(I32 a, I32 b) { return _mm512_add_epi32(a, b); }
  static I32 sub_int(I32 a, I32 b) { return _mm512_sub_epi32(a, b); }
  template <int kBits>
  static I32 shift_left(I32 a) {
    return _mm512_slli_epi32(a, kBits);
  }
  template <int kBits>
  static I32 shift_right(I32 a) {
    return _mm512_srai_epi32(a, kBits);
  }
  static F32 from_bits(I32 bits) { return _mm512_castsi512_ps(bits); }
};

/// Avx512 with a fused multiply-add: fast mode only.
struct Avx512Fma : Avx512 {
  static constexpr const char* kName = "avx512+fma";
  static constexpr bool kFused = true;
  static F32 mul_add(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a, b, c); }
};

}  // namespace optlab::simd
