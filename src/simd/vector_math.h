#pragma once

/// The elementary functions of core/math.h for the lanes of a policy: the same polynomials, the same order, and so with
/// a policy that doesn't fuse the same bits as math::exp and math::tanh in every lane, NaN included. A fused policy
/// (fast mode) saves a rounding per step and is as accurate.
///
/// Cost: about 25 instructions a vector (exp), 55 (tanh).
namespace optlab::simd {

/// e^x; see math::exp.
template <class Simd>
[[gnu::always_inline]] inline typename Simd::F32 exp(typename Simd::F32 x) {
  using F32 = typename Simd::F32;
  const auto constant = [](float value) { return Simd::broadcast(value); };
  // Beyond these bounds the steps below give +inf and 0 by themselves; a NaN becomes the lower one until the end. At the
  // lower one both factors of 2^n are 0. With -104, 2^-150, the product would underflow, which is a trap into microcode
  // on Intel's CPUs (some 150 cycles), for every -inf that masks a lane.
  const F32 bounded = Simd::min(Simd::max(x, constant(-176.0F)), constant(89.0F));
  const F32 scaled = Simd::mul(bounded, constant(1.44269504088896341F));
  const auto n = Simd::to_int(Simd::add(scaled, Simd::copy_sign(constant(0.5F), scaled)));
  const F32 whole = Simd::to_float(n);
  // x - n·ln 2, ln 2 in two parts of which the first makes an exact product; subtracting it is adding its negative.
  const F32 r = Simd::mul_add(whole, constant(2.12194440e-4F), Simd::mul_add(whole, constant(-0.693359375F), bounded));
  F32 p = constant(1.9875691500e-4F);
  p = Simd::mul_add(p, r, constant(1.3981999507e-3F));
  p = Simd::mul_add(p, r, constant(8.3334519073e-3F));
  p = Simd::mul_add(p, r, constant(4.1665795894e-2F));
  p = Simd::mul_add(p, r, constant(1.6666665459e-1F));
  p = Simd::mul_add(p, r, constant(5.0000001201e-1F));
  p = Simd::add(Simd::mul_add(p, Simd::mul(r, r), r), constant(1.0F));
  // 2^n in two factors, neither of which overflows. The product with the first is exact however n is divided, so only
  // the second rounds, and only where the result is subnormal.
  const auto half = Simd::template shift_right<1>(n);
  const auto bias = Simd::broadcast_int(127);
  const F32 first = Simd::from_bits(Simd::template shift_left<23>(Simd::add_int(half, bias)));
  const F32 second = Simd::from_bits(Simd::template shift_left<23>(Simd::add_int(Simd::sub_int(n, half), bias)));
  const F32 result = Simd::mul(Simd::mul(p, first), second);
  return Simd::select(Simd::is_nan(x), constant(__builtin_nanf("")), result);
}

/// See math::tanh.
template <class Simd>
[[gnu::always_inline]] inline typename Simd::F32 tanh(typename Simd::F32 x) {
  using F32 = typename Simd::F32;
  const auto constant = [](float value) { return Simd::broadcast(value); };
  const F32 magnitude = Simd::abs(x);
  const F32 z = Simd::mul(x, x);
  F32 p = constant(-5.70498872745e-3F);
  p = Simd::mul_add(p, z, constant(2.06390887954e-2F));
  p = Simd::mul_add(p, z, constant(-5.37397155531e-2F));
  p = Simd::mul_add(p, z, constant(1.33314422036e-1F));
  p = Simd::mul_add(p, z, constant(-3.33332819422e-1F));
  const F32 small = Simd::mul_add(Simd::mul(p, z), magnitude, magnitude);
  // From 9.1 on, where math::tanh says 1, the quotient is less than half an ulp of 1.
  const F32 grown = Simd::add(exp<Simd>(Simd::add(magnitude, magnitude)), constant(1.0F));
  const F32 large = Simd::sub(constant(1.0F), Simd::div(constant(2.0F), grown));
  const F32 value = Simd::copy_sign(Simd::select(Simd::less(magnitude, constant(0.625F)), small, large), x);
  return Simd::select(Simd::is_nan(x), constant(__builtin_nanf("")), value);
}

}  // namespace optlab::simd
