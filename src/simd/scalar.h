#pragma once

#include <cmath>

namespace optlab::simd {

/// The contract of a policy in its plainest form: one lane. Kernels are templates over a policy and use nothing else,
/// so an algorithm is written once and every ISA races in the same program. Loads and stores need no alignment.
///
/// kFused says whether mul_add rounds once. Exact mode uses only policies with kFused = false, or the digests of two
/// ISAs would differ.
struct Scalar {
  static constexpr const char* kName = "scalar";
  static constexpr int kLanes = 1;
  static constexpr int kRegisters = 16;  // vector registers that the ISA offers to a micro-kernel
  static constexpr bool kFused = false;
  using F32 = float;

  static F32 zero() { return 0.0F; }
  static F32 broadcast(float value) { return value; }
  /// `*from` in every lane.
  static F32 load_splat(const float* from) { return *from; }
  static F32 load(const float* from) { return *from; }
  static void store(float* to, F32 value) { *to = value; }
  /// The first `count` < kLanes elements, zero in the other lanes; touches no memory beyond them.
  static F32 load_first(const float* from, int count) { return count > 0 ? *from : 0.0F; }
  static void store_first(float* to, F32 value, int count) {
    if (count > 0) *to = value;
  }
  static F32 add(F32 a, F32 b) { return a + b; }
  static F32 sub(F32 a, F32 b) { return a - b; }
  static F32 mul(F32 a, F32 b) { return a * b; }
  static F32 div(F32 a, F32 b) { return a / b; }
  static F32 sqrt(F32 a) { return std::sqrt(a); }
  /// a*b + c
  static F32 mul_add(F32 a, F32 b, F32 c) { return a * b + c; }
  /// a if a > b, else b: a NaN in `a` gives b, a NaN in `b` gives b; max(+0,-0) is b. Every ISA follows this (it is
  /// x86's maxps).
  static F32 max(F32 a, F32 b) { return a > b ? a : b; }
  /// a if a < b, else b.
  static F32 min(F32 a, F32 b) { return a < b ? a : b; }
};

}  // namespace optlab::simd
