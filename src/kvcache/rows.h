#pragma once

#include <cstddef>
#include <cstdint>

/// Vectors of D numbers to and from what a cache keeps of them; private to this folder. Element d of a vector in panels
/// is 16·d further on, otherwise d: that is the `step`. Exact: one rounding an element.
namespace optlab::kvcache::detail {

/// What a storage keeps of `size` floats.
void encode(const float* from, int size, std::uint16_t* to, std::ptrdiff_t step) noexcept;
/// Returns the scale.
float encode(const float* from, int size, std::int8_t* to, std::ptrdiff_t step) noexcept;

/// As floats.
void decode(const std::uint16_t* from, int count, float* to) noexcept;
/// One vector, one scale.
void decode(const std::int8_t* from, int count, float scale, float* to) noexcept;
/// A panel of 16 vectors of `size`, a scale each.
void decode_panel(const std::int8_t* from, int size, const float* scales, float* to) noexcept;

}  // namespace optlab::kvcache::detail
