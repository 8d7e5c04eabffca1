#pragma once

#include <cmath>
#include <cstdint>

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
  // The register tile of products: rows, and vectors of columns, whose sums stay in registers.
  static constexpr int kTileRows = 4;
  static constexpr int kTileVectors = 2;
  static constexpr bool kFused = false;
  using F32 = float;
  using I32 = std::int32_t;  // as many integers as F32 has floats
  using Mask = bool;         // a truth value for each lane

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

  /// All lanes added: the upper half to the lower, then the upper half of that, …, so that sixteen sums give the same
  /// bits however many vectors they are in.
  static float reduce_add(F32 a) { return a; }
  /// The largest lane; which of several zeros, and what becomes of NaN, is open.
  static float reduce_max(F32 a) { return a; }

  // What elementary functions are made of. Of these only `less` and `is_nan` look at a value; the others handle bits.
  /// The sign bit cleared, or taken from `sign`; NaN included.
  static F32 abs(F32 a) { return __builtin_fabsf(a); }
  static F32 copy_sign(F32 magnitude, F32 sign) { return __builtin_copysignf(magnitude, sign); }
  static Mask less(F32 a, F32 b) { return a < b; }
  static Mask is_nan(F32 a) { return a != a; }
  /// `yes` where the mask holds, else `no`.
  static F32 select(Mask mask, F32 yes, F32 no) { return mask ? yes : no; }
  /// Neighbours exchanged: lanes 1, 0, 3, 2, … Not for a policy of one lane; here it is the identity.
  static F32 swap_pairs(F32 a) { return a; }

  static I32 broadcast_int(std::int32_t value) { return value; }
  /// Rounded toward zero, for |a| <= 2^22; any value for other lanes.
  static I32 to_int(F32 a) { return static_cast<std::int32_t>(a); }
  static F32 to_float(I32 a) { return static_cast<float>(a); }
  static I32 add_int(I32 a, I32 b) { return a + b; }
  static I32 sub_int(I32 a, I32 b) { return a - b; }
  template <int kBits>
  static I32 shift_left(I32 a) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) << kBits);
  }
  /// Arithmetic: the sign is kept, so this divides by 2^kBits and rounds down.
  template <int kBits>
  static I32 shift_right(I32 a) {
    return a >> kBits;
  }
  /// The float with these bits.
  static F32 from_bits(I32 bits) { return __builtin_bit_cast(float, bits); }
};

}  // namespace optlab::simd
