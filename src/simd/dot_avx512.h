#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace optlab::simd {

/// Sixteen columns, four values of k in one instruction (VNNI), which adds up in 32 bits and so takes all eight bits of
/// an activation; see ScalarDot for the contract.
struct Avx512Dot {
  static constexpr const char* kName = "avx512+vnni";
  static constexpr int kActivationBits = 8;
  static constexpr int kGroup = 4;
  static constexpr int kLanes = 16;
  using A = std::uint8_t;
  using B = std::int8_t;
  using Group = __m512i;
  using Weights = __m512i;
  using Sum = __m512i;

  struct Constants {};
  static Constants constants() { return {}; }
  static Sum zero() { return _mm512_setzero_si512(); }
  static Group load_splat(const A* from) {
    std::int32_t bits;
    std::memcpy(&bits, from, sizeof bits);
    return _mm512_set1_epi32(bits);
  }
  static Weights load(const B* from) { return _mm512_loadu_si512(from); }
  static Sum dot(Sum sum, Group a, Weights b, Constants /*constants*/) { return _mm512_dpbusd_epi32(sum, a, b); }
  static void store(std::int32_t* to, Sum sum) { _mm512_storeu_si512(to, sum); }
};

}  // namespace optlab::simd
