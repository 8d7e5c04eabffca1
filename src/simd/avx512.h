#pragma once

#include <immintrin.h>

namespace optlab::simd {

/// Sixteen lanes; see Scalar for the contract.
struct Avx512 {
  static constexpr const char* kName = "avx512";
  static constexpr int kLanes = 16;
  static constexpr int kRegisters = 32;
  static constexpr bool kFused = false;
  using F32 = __m512;

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
};

/// Avx512 with a fused multiply-add: fast mode only.
struct Avx512Fma : Avx512 {
  static constexpr const char* kName = "avx512+fma";
  static constexpr bool kFused = true;
  static F32 mul_add(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a, b, c); }
};

}  // namespace optlab::simd
