#pragma once

#include <immintrin.h>

namespace optlab::simd {

/// Eight lanes; see Scalar for the contract.
struct Avx2 {
  static constexpr const char* kName = "avx2";
  static constexpr int kLanes = 8;
  static constexpr int kRegisters = 16;
  static constexpr bool kFused = false;
  using F32 = __m256;

  static F32 zero() { return _mm256_setzero_ps(); }
  static F32 broadcast(float value) { return _mm256_set1_ps(value); }
  static F32 load_splat(const float* from) { return _mm256_broadcast_ss(from); }
  static F32 load(const float* from) { return _mm256_loadu_ps(from); }
  static void store(float* to, F32 value) { _mm256_storeu_ps(to, value); }
  static __m256i first_lanes(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static F32 load_first(const float* from, int count) { return _mm256_maskload_ps(from, first_lanes(count)); }
  static void store_first(float* to, F32 value, int count) { _mm256_maskstore_ps(to, first_lanes(count), value); }
  static F32 add(F32 a, F32 b) { return _mm256_add_ps(a, b); }
  static F32 sub(F32 a, F32 b) { return _mm256_sub_ps(a, b); }
  static F32 mul(F32 a, F32 b) { return _mm256_mul_ps(a, b); }
  static F32 div(F32 a, F32 b) { return _mm256_div_ps(a, b); }
  static F32 sqrt(F32 a) { return _mm256_sqrt_ps(a); }
  static F32 mul_add(F32 a, F32 b, F32 c) { return _mm256_add_ps(_mm256_mul_ps(a, b), c); }
  static F32 max(F32 a, F32 b) { return _mm256_max_ps(a, b); }
  static F32 min(F32 a, F32 b) { return _mm256_min_ps(a, b); }
};

#if defined(__FMA__)
/// Avx2 with a fused multiply-add: fast mode only.
struct Avx2Fma : Avx2 {
  static constexpr const char* kName = "avx2+fma";
  static constexpr bool kFused = true;
  static F32 mul_add(F32 a, F32 b, F32 c) { return _mm256_fmadd_ps(a, b, c); }
};
#endif

}  // namespace optlab::simd
