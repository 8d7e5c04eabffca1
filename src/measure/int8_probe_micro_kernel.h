#pragma once

#include <cstddef>
#include <cstdint>

#include "measure/probe_kernels.h"
#include "simd/unroll.h"

namespace optlab::measure::detail {

using simd::unroll;

/// Two groups of activations, in registers, times kVectors vectors of weights, from the first-level cache: their sums are the
/// chains. Which weights is known at run time only, or the products would leave the loop; they don't depend on the sums, or
/// the probe would measure latencies (Xeon with AVX-512, AVX2's dot: 175 GOP/s with sums as weights, which oneDNN's kernels
/// exceed).
template <class Dot, int kVectors>
void dot_chains(int steps, const std::byte* activations, const std::byte* weights, std::int32_t* result) noexcept {
  constexpr int kVectorElements = Dot::kLanes * Dot::kGroup;
  typename Dot::Sum sums[2][kVectors];
  typename Dot::Group groups[2];
  unroll<2>([&](auto g) {
    groups[g] = Dot::load_splat(reinterpret_cast<const typename Dot::A*>(activations) + g * Dot::kGroup);
    unroll<kVectors>([&](auto v) { sums[g][v] = Dot::zero(); });
  });
  const auto constants = Dot::constants();
  do {
    const auto* window =
        reinterpret_cast<const typename Dot::B*>(weights) + (steps & (kInt8Windows - 1)) * (kVectors * kVectorElements);
    unroll<kVectors>([&](auto v) {
      typename Dot::Weights vector = Dot::load(window + v * kVectorElements);
#if defined(__x86_64__)
      asm("" : "+v"(vector));  // in a register: GCC would load it for each of its two uses
#endif
      unroll<2>([&](auto g) { sums[g][v] = Dot::dot(sums[g][v], groups[g], vector, constants); });
    });
  } while (--steps > 0);
  unroll<2>([&](auto g) {
    unroll<kVectors>([&](auto v) { Dot::store(result + (g * kVectors + v) * Dot::kLanes, sums[g][v]); });
  });
}

/// With 16 registers: 8, 10 or 12 sums, two groups, a vector of weights, and what the products need.
template <class Dot>
constexpr Int8Probe make_int8_probe() {
  constexpr int kFirst = Dot::kProbeVectors[0];
  constexpr int kSecond = Dot::kProbeVectors[1];
  constexpr int kThird = Dot::kProbeVectors[2];
  static_assert(kThird <= kInt8MostVectors);
  return {Dot::kName,
          Dot::kLanes,
          Dot::kGroup,
          {{2 * kFirst, dot_chains<Dot, kFirst>},
           {2 * kSecond, dot_chains<Dot, kSecond>},
           {2 * kThird, dot_chains<Dot, kThird>}}};
}

template <class Dot>
constinit const Int8Probe Int8ProbeOf<Dot>::kTable = make_int8_probe<Dot>();

}  // namespace optlab::measure::detail
