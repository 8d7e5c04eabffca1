#pragma once

#include <cmath>

/// Elementary functions of exact mode: the same bits on every platform, because they use only IEEE 754 float32 +, -, ×,
/// ÷ and integer shifts in a fixed order (and the build forbids contraction). libm's versions differ between platforms
/// and releases. Polynomials: S. Moshier, Cephes mathematical library, single precision, 1992.
///
/// Errors in units in the last place (ulp), checked against float64 libm over every 1067th float32 by math_test.cpp:
/// see each function. A NaN argument gives a NaN.
namespace optlab::math {

/// Correctly rounded by IEEE 754 everywhere.
inline float sqrt(float x) { return std::sqrt(x); }

/// e^x, at most 2 ulp; 0 below -103.98, +inf above 88.73; subnormal results are kept (at most 1 of their ulps off,
/// double rounding).
float exp(float x);
/// Natural logarithm, at most 2 ulp; log(±0) = -inf, log(x < 0) = NaN. Takes subnormals.
float log(float x);
/// At most 3 ulp; keeps the sign of zero.
float tanh(float x);
/// sin and cos of x in radians for |x| <= 8192: absolute error at most 1.2e-7, the sign of zero kept. Larger arguments
/// give NaN rather than a wrong digit.
float sin(float x);
float cos(float x);

}  // namespace optlab::math
