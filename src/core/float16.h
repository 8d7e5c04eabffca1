#pragma once

#include <cstdint>
#include <span>

namespace optlab {

/// IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction; numbers up to 65504, 2^-24 the smallest.
///
/// Numerics: to_half rounds to nearest, ties to even; beyond 65520 it gives infinity. Every half is a float, exactly. A
///           NaN stays one (quiet, its upper payload bits kept).
std::uint16_t to_half(float value);
float from_half(std::uint16_t half);

/// Element by element. Throws std::invalid_argument if the sizes differ.
void to_half(std::span<const float> from, std::span<std::uint16_t> to);
void from_half(std::span<const std::uint16_t> from, std::span<float> to);

}  // namespace optlab
