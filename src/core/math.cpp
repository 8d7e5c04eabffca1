#include "core/math.h"

#include <bit>
#include <cstdint>
#include <limits>

namespace optlab::math {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// ln 2 in two parts; the first has 9 significant bits, so that n*kLn2High is exact for the n that occur.
constexpr float kLn2High = 0.693359375F;
constexpr float kLn2Low = -2.12194440e-4F;

/// 2^n for -126 <= n <= 127.
float power_of_two(int n) { return std::bit_cast<float>(static_cast<std::uint32_t>(n + 127) << 23); }

/// sin or cos of r in [-pi/4, pi/4], given z = r*r.
float sin_polynomial(float r, float z) {
  return ((-1.9515295891e-4F * z + 8.3321608736e-3F) * z - 1.6666654611e-1F) * z * r + r;
}
float cos_polynomial(float z) {
  return ((2.443315711809948e-5F * z - 1.388731625493765e-3F) * z + 4.166664568298827e-2F) * z * z - 0.5F * z + 1.0F;
}

struct Reduced {
  float r;
  int octant;  // 0, 2, 4 or 6
};

/// |x| modulo pi/4, rounded to the nearest even octant; pi/4 in three parts (Cody and Waite).
Reduced reduce(float magnitude) {
  int octant = static_cast<int>(magnitude * 1.27323954473516F);
  octant += octant & 1;
  const float n = static_cast<float>(octant);
  const float r = ((magnitude - n * 0.78515625F) - n * 2.4187564849853515625e-4F) - n * 3.77489497744594108e-8F;
  return {r, octant & 7};
}

constexpr float kLargestAngle = 8192.0F;

}  // namespace

float exp(float x) {
  if (x != x) return kNan;
  if (x > 88.7228394F) return kInfinity;
  if (x < -103.972084F) return 0.0F;
  const float scaled = x * 1.44269504088896341F;
  const int n = static_cast<int>(scaled + (scaled < 0.0F ? -0.5F : 0.5F));
  const float whole = static_cast<float>(n);
  const float r = (x - whole * kLn2High) - whole * kLn2Low;
  const float polynomial =
      (((((1.9875691500e-4F * r + 1.3981999507e-3F) * r + 8.3334519073e-3F) * r + 4.1665795894e-2F) * r +
        1.6666665459e-1F) *
           r +
       5.0000001201e-1F) *
          (r * r) +
      r + 1.0F;
  // In two steps, since 2^n itself overflows at n = 128 and is subnormal below -126.
  const int half = n / 2;
  return polynomial * power_of_two(half) * power_of_two(n - half);
}

float log(float x) {
  if (x != x || x < 0.0F) return kNan;
  if (x == 0.0F) return -kInfinity;
  if (x == kInfinity) return kInfinity;
  int exponent = 0;
  if (x < 0x1p-126F) {
    x *= 0x1p24F;
    exponent = -24;
  }
  // x = m * 2^exponent with m in [sqrt(1/2), sqrt(2))
  const auto bits = std::bit_cast<std::uint32_t>(x);
  exponent += static_cast<int>(bits >> 23) - 126;
  float m = std::bit_cast<float>((bits & 0x007FFFFFU) | 0x3F000000U);
  if (m < 0.707106781186547524F) {
    exponent -= 1;
    m = m + m;
  }
  m -= 1.0F;
  const float z = m * m;
  const float e = static_cast<float>(exponent);
  float y = ((((((((7.0376836292e-2F * m - 1.1514610310e-1F) * m + 1.1676998740e-1F) * m - 1.2420140846e-1F) * m +
                 1.4249322787e-1F) *
                    m -
                1.6668057665e-1F) *
                   m +
               2.0000714765e-1F) *
                  m -
              2.4999993993e-1F) *
                 m +
             3.3333331174e-1F) *
            m * z;
  y += kLn2Low * e;
  y += -0.5F * z;
  return (m + y) + kLn2High * e;
}

float tanh(float x) {
  const float magnitude = std::fabs(x);
  if (magnitude < 0.625F) {
    const float z = x * x;
    const float value =
        ((((-5.70498872745e-3F * z + 2.06390887954e-2F) * z - 5.37397155531e-2F) * z + 1.33314422036e-1F) * z -
         3.33332819422e-1F) *
            z * magnitude +
        magnitude;
    return std::copysign(value, x);
  }
  if (x != x) return kNan;
  return std::copysign(magnitude > 9.1F ? 1.0F : 1.0F - 2.0F / (exp(magnitude + magnitude) + 1.0F), x);
}

float sin(float x) {
  const float magnitude = std::fabs(x);
  if (!(magnitude <= kLargestAngle)) return kNan;
  const auto [r, octant] = reduce(magnitude);
  const float z = r * r;
  const float value = (octant & 2) != 0 ? cos_polynomial(z) : sin_polynomial(r, z);
  return ((octant & 4) != 0) != std::signbit(x) ? -value : value;
}

float cos(float x) {
  const float magnitude = std::fabs(x);
  if (!(magnitude <= kLargestAngle)) return kNan;
  const auto [r, octant] = reduce(magnitude);
  const float z = r * r;
  const float value = (octant & 2) != 0 ? sin_polynomial(r, z) : cos_polynomial(z);
  return octant == 2 || octant == 4 ? -value : value;
}

}  // namespace optlab::math
