#pragma once

/// Policies that go with another policy.
namespace optlab::simd {

/// WidenOf<Simd>::Type widens halves, bytes and nibbles to Simd's floats; simd/widen.h and its kin define it.
template <class Simd>
struct WidenOf;

/// QuadOf<Simd>::Type has at most four lanes: Simd itself, except on x86 (simd/avx_quad.h).
template <class Simd>
struct QuadOf {
  using Type = Simd;
};

}  // namespace optlab::simd
