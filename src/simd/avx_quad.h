#pragma once

#include <immintrin.h>

#include "simd/traits.h"

namespace optlab::simd {

struct Avx2;
struct Avx2Fma;
struct Avx512;
struct Avx512Fma;

/// Four lanes for kernels of x86's wider policies, whose data comes four floats at a time; see Scalar for the contract. A
/// template over the policy, so that files compiled for different instruction sets share no function.
template <class Wide>
struct AvxQuad {
  static constexpr int kLanes = 4;
  static constexpr int kRegisters = Wide::kRegisters;
  static constexpr bool kFused = Wide::kFused;
  using F32 = __m128;

  static F32 zero() { return _mm_setzero_ps(); }
  static F32 load_splat(const float* from) { return _mm_set1_ps(*from); }
  static F32 load(const float* from) { return _mm_loadu_ps(from); }
  static void store(float* to, F32 value) { _mm_storeu_ps(to, value); }
  static F32 mul_add(F32 a, F32 b, F32 c) {
    if constexpr (kFused) {
      return _mm_fmadd_ps(a, b, c);
    } else {
      return _mm_add_ps(_mm_mul_ps(a, b), c);
    }
  }
};

template <>
struct QuadOf<Avx2> {
  using Type = AvxQuad<Avx2>;
};
template <>
struct QuadOf<Avx2Fma> {
  using Type = AvxQuad<Avx2Fma>;
};
template <>
struct QuadOf<Avx512> {
  using Type = AvxQuad<Avx512>;
};
template <>
struct QuadOf<Avx512Fma> {
  using Type = AvxQuad<Avx512Fma>;
};

}  // namespace optlab::simd
