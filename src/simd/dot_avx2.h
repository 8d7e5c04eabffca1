#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "simd/dot.h"

namespace optlab::simd {

/// Eight sums. Not __m256i, which to GCC 12 is four 64-bit integers: a sum that is added to as eight and kept as four takes
/// two registers and a copy in every step, more than there are (512³ on a Xeon: int8_dot 166 GOP/s, 201 with these;
/// int8_wide 95 and 150; AVX-512's int8_vnni 387 and 682).
using Avx2Sums [[gnu::vector_size(32)]] = std::uint32_t;

/// Eight columns, two values of k, operands of 16 bits; see ScalarDot for the contract.
struct Avx2Dot16 {
  static constexpr const char* kName = "avx2 int8 wide";
  // 12 sums, 2 vectors of B, 1 of A, 1 for the products.
  static constexpr int kTileRows = 6;
  static constexpr int kTileVectors = 2;
  static constexpr int kProbeVectors[] = {4, 5, 6};
  static constexpr int kActivationBits = 8;
  static constexpr int kGroup = 2;
  static constexpr int kLanes = 8;
  using A = std::int16_t;
  using B = std::int16_t;
  using Group = __m256i;
  using Weights = __m256i;
  using Sum = Avx2Sums;

  struct Constants {};
  static Constants constants() { return {}; }
  static Sum zero() { return Sum{}; }
  static Group load_splat(const A* from) { return splat32(from); }
  static Weights load(const B* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
  static Sum dot(Sum sum, Group a, Weights b, Constants /*constants*/) {
    return sum + reinterpret_cast<Sum>(_mm256_madd_epi16(a, b));
  }
  static void store(std::int32_t* to, Sum sum) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(sum));
  }
  /// The upper halves of a's elements are zero, so that the pairs which madd adds are single products.
  static Sum multiply_add(Sum sum, const std::uint8_t* a, const std::int16_t* w) {
    const __m256i left = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(a)));
    const __m256i right = _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
    return sum + reinterpret_cast<Sum>(_mm256_madd_epi16(left, right));
  }
  static Sum load_sums(const std::int32_t* from) {
    return reinterpret_cast<Sum>(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  }
  static void to_bytes(Sum sum, const std::int32_t* offsets, const float* scales, const ByteRange& range,
                       std::uint8_t* to) {
    __m256 value = _mm256_cvtepi32_ps(reinterpret_cast<__m256i>(sum + load_sums(offsets)));
    value = _mm256_add_ps(_mm256_mul_ps(value, _mm256_loadu_ps(scales)), _mm256_set1_ps(range.zero_point));
    value = _mm256_max_ps(_mm256_min_ps(value, _mm256_set1_ps(range.high)), _mm256_set1_ps(range.low));
    const __m256i shifted = _mm256_castps_si256(_mm256_add_ps(value, _mm256_set1_ps(kRoundingShift)));
    const __m256i bytes = _mm256_and_si256(shifted, _mm256_set1_epi32(255));
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(words, words));
  }

  static __m256i splat32(const void* from) {
    std::int32_t bits;
    std::memcpy(&bits, from, sizeof bits);
    return _mm256_set1_epi32(bits);
  }
};

/// Eight columns, four values of k, seven-bit activations.
struct Avx2Dot {
  static constexpr const char* kName = "avx2 int8 dot";
  // 10 sums, 2 vectors of B, 1 of A, 1 for the products and the ones: 15 of 16 registers.
  static constexpr int kTileRows = 5;
  static constexpr int kTileVectors = 2;
  static constexpr int kProbeVectors[] = {4, 5, 6};
  static constexpr int kActivationBits = 7;
  static constexpr int kGroup = 4;
  static constexpr int kLanes = 8;
  using A = std::uint8_t;
  using B = std::int8_t;
  using Group = __m256i;
  using Weights = __m256i;
  using Sum = Avx2Sums;

  struct Constants {};
  static Constants constants() { return {}; }
  static Sum zero() { return Sum{}; }
  static Group load_splat(const A* from) { return Avx2Dot16::splat32(from); }
  static Weights load(const B* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
  static Sum dot(Sum sum, Group a, Weights b, Constants /*constants*/) {
    const __m256i pairs = _mm256_maddubs_epi16(a, b);
    return sum + reinterpret_cast<Sum>(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  static void store(std::int32_t* to, Sum sum) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(sum));
  }
  static Sum multiply_add(Sum sum, const std::uint8_t* a, const std::int16_t* w) {
    return Avx2Dot16::multiply_add(sum, a, w);
  }
  static Sum load_sums(const std::int32_t* from) { return Avx2Dot16::load_sums(from); }
  static void to_bytes(Sum sum, const std::int32_t* offsets, const float* scales, const ByteRange& range,
                       std::uint8_t* to) {
    Avx2Dot16::to_bytes(sum, offsets, scales, range, to);
  }
};

}  // namespace optlab::simd
