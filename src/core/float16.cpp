#include "core/float16.h"

#include <bit>
#include <stdexcept>
#include <string>

namespace optlab {
namespace {

void check(std::size_t from, std::size_t to) {
  if (from == to) return;
  throw std::invalid_argument("float16: " + std::to_string(from) + " values to " + std::to_string(to));
}

}  // namespace

std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<std::uint16_t>(sign | 0x7E00U | (magnitude >> 13 & 0x3FFU));
  if (magnitude >= 0x477FF000U) return sign | 0x7C00U;  // 65520: halfway to the number after the largest
  if (magnitude < 0x38800000U) {                        // below 2^-14: subnormal, a multiple of 2^-24
    // Adding 0.5 puts the rounding, to even, where the processor does it: 0.5 has 2^-24 as its last bit.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U));
  }
  // The bits that go, and half of the last that stays, less one where that is even.
  const std::uint32_t rounded = magnitude + 0xFFFU + (magnitude >> 13 & 1U);
  return static_cast<std::uint16_t>(sign | (rounded - 0x38000000U) >> 13);
}

float from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t magnitude = half & 0x7FFFU;
  if (magnitude >= 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | (magnitude & 0x3FFU) << 13);
  if (magnitude < 0x400U) {  // a multiple of 2^-24, exactly
    const float value = static_cast<float>(magnitude) * 0x1p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(value));
  }
  return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000U));
}

void to_half(std::span<const float> from, std::span<std::uint16_t> to) {
  check(from.size(), to.size());
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = to_half(from[i]);
}

void from_half(std::span<const std::uint16_t> from, std::span<float> to) {
  check(from.size(), to.size());
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = from_half(from[i]);
}

}  // namespace optlab
