#pragma once

#include <cstdint>

#include "simd/avx2.h"
#include "simd/traits.h"

namespace optlab::simd {

/// See ScalarWiden for the contract.
template <class Policy>
struct Avx2Widen {
  using Simd = Policy;
  static constexpr int kPanels = 4;
  static constexpr int kBytePanels = 2;
  struct Pair {
    __m256 low, high;
  };
  struct Nibbles {
    Pair first, second;
  };
  static __m128i load16(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }
  static Pair to_floats(__m128i bytes) {
    return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)),
            _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_unpackhi_epi64(bytes, bytes)))};
  }
  static Pair load_i8(const std::int8_t* from) { return to_floats(load16(from)); }
  static Nibbles load_i4(const std::uint8_t* from) {
    const __m128i bytes = load16(from);
    const __m128i mask = _mm_set1_epi8(15);
    const __m128i eight = _mm_set1_epi8(8);
    const __m128i high = _mm_and_si128(_mm_srli_epi16(bytes, 4), mask);
    return {to_floats(_mm_sub_epi8(_mm_and_si128(bytes, mask), eight)), to_floats(_mm_sub_epi8(high, eight))};
  }
  static __m256 moved_half(__m128i halves) {
    const __m256i bits = _mm256_slli_epi32(_mm256_cvtepi16_epi32(halves), 13);  // the sign is in bits 28 to 31
    return _mm256_castsi256_ps(_mm256_and_si256(bits, _mm256_set1_epi32(static_cast<int>(0x8FFFE000U))));
  }
  static Pair load_half(const std::uint16_t* from) { return {moved_half(load16(from)), moved_half(load16(from + 8))}; }
};

template <>
struct WidenOf<Avx2> {
  using Type = Avx2Widen<Avx2>;
};
template <>
struct WidenOf<Avx2Fma> {
  using Type = Avx2Widen<Avx2Fma>;
};

}  // namespace optlab::simd
