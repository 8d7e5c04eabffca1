#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "simd/dot.h"

namespace optlab::simd {

/// Sixteen sums; see Avx2Sums.
using Avx512Sums [[gnu::vector_size(64)]] = std::uint32_t;

/// Sixteen columns, four values of k in one instruction (VNNI), which adds up in 32 bits and so takes all eight bits of
/// an activation; see ScalarDot for the contract.
struct Avx512Dot {
  static constexpr const char* kName = "avx512+vnni int8 dot";
  // 24 sums, 2 vectors of B and 1 of A: 27 of 32 registers.
  static constexpr int kTileRows = 12;
  static constexpr int kTileVectors = 2;
  static constexpr int kProbeVectors[] = {5, 8, 12};
  static constexpr int kActivationBits = 8;
  static constexpr int kGroup = 4;
  static constexpr int kLanes = 16;
  using A = std::uint8_t;
  using B = std::int8_t;
  using Group = __m512i;
  using Weights = __m512i;
  using Sum = Avx512Sums;

  struct Constants {};
  static Constants constants() { return {}; }
  static Sum zero() { return Sum{}; }
  static Group load_splat(const A* from) {
    std::int32_t bits;
    std::memcpy(&bits, from, sizeof bits);
    return _mm512_set1_epi32(bits);
  }
  static Weights load(const B* from) { return _mm512_loadu_si512(from); }
  static Sum dot(Sum sum, Group a, Weights b, Constants /*constants*/) {
    return reinterpret_cast<Sum>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), a, b));
  }
  static void store(std::int32_t* to, Sum sum) { _mm512_storeu_si512(to, reinterpret_cast<__m512i>(sum)); }
  /// The upper halves of a's elements are zero, so that the pairs which madd adds are single products.
  static Sum multiply_add(Sum sum, const std::uint8_t* a, const std::int16_t* w) {
    const __m512i left = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a)));
    const __m512i right = _mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)));
    return sum + reinterpret_cast<Sum>(_mm512_madd_epi16(left, right));
  }
  static Sum load_sums(const std::int32_t* from) { return reinterpret_cast<Sum>(_mm512_loadu_si512(from)); }
  static void to_bytes(Sum sum, const std::int32_t* offsets, const float* scales, const ByteRange& range,
                       std::uint8_t* to) {
    __m512 value = _mm512_cvtepi32_ps(reinterpret_cast<__m512i>(sum + load_sums(offsets)));
    value = _mm512_add_ps(_mm512_mul_ps(value, _mm512_loadu_ps(scales)), _mm512_set1_ps(range.zero_point));
    value = _mm512_max_ps(_mm512_min_ps(value, _mm512_set1_ps(range.high)), _mm512_set1_ps(range.low));
    const __m512i shifted = _mm512_castps_si512(_mm512_add_ps(value, _mm512_set1_ps(kRoundingShift)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(shifted));
  }
};

}  // namespace optlab::simd
