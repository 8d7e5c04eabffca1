#pragma once

#include <cstddef>
#include <cstdint>

/// Vectors of D numbers to what a cache keeps of them; private to this folder. Element d of a vector in panels
/// is 16·d further on, otherwise d: that is the `step`. Exact: one rounding an element.
namespace optlab::kvcache::detail {

/// What a storage keeps of `size` floats. Returns whether all halves are finite.
bool encode(const float* from, int size, std::uint16_t* to, std::ptrdiff_t step) noexcept;
/// Returns the scale.
float encode(const float* from, int size, std::int8_t* to, std::ptrdiff_t step) noexcept;

}  // namespace optlab::kvcache::detail
