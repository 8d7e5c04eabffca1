#pragma once

#include <cstddef>

#include "measure/probe_kernels.h"

namespace optlab::measure::detail {

template <class Simd>
float sum_lanes(typename Simd::F32 vector) noexcept {
  float lanes[Simd::kLanes];
  Simd::store(lanes, vector);
  float sum = 0.0F;
  for (float lane : lanes) sum += lane;
  return sum;
}

/// The chains overlap each other's latency; within one, each step needs the last, so that the compiler can neither fold
/// nor reorder.
template <class Simd, int kChains>
float multiply_add_chains(int iterations, float scale, float offset) noexcept {
  const auto s = Simd::broadcast(scale);
  const auto o = Simd::broadcast(offset);
  typename Simd::F32 chains[kChains];
  for (auto& chain : chains) chain = Simd::zero();
  const auto step = [&] {
    for (auto& chain : chains) chain = Simd::mul_add(chain, s, o);
  };
  int i = 0;
  for (; i + 4 <= iterations; i += 4) {  // the loop's own instructions would cost WebAssembly some 10 % of the peak
    step();
    step();
    step();
    step();
  }
  for (; i < iterations; ++i) step();
  float sum = 0.0F;
  for (const auto& chain : chains) sum += sum_lanes<Simd>(chain);
  return sum;
}

template <class Simd>
float sum(const float* data, std::size_t count) noexcept {
  constexpr std::size_t kAccumulators = 8;
  constexpr std::size_t kStep = kAccumulators * Simd::kLanes;
  typename Simd::F32 sums[kAccumulators];
  for (auto& partial : sums) partial = Simd::zero();
  std::size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    for (std::size_t a = 0; a < kAccumulators; ++a)
      sums[a] = Simd::add(sums[a], Simd::load(data + i + a * Simd::kLanes));
  }
  float total = 0.0F;
  for (const auto& partial : sums) total += sum_lanes<Simd>(partial);
  for (; i < count; ++i) total += data[i];
  return total;
}

template <class Simd>
constexpr ProbeKernels make_probe_kernels() {
  // With 16 registers, 12 chains and the two constants leave two for the compiler; with 32 there is room for long
  // latencies.
  constexpr int kSecond = Simd::kRegisters >= 32 ? 16 : 10;
  constexpr int kThird = Simd::kRegisters >= 32 ? 24 : 12;
  return {Simd::kName,
          Simd::kFused,
          Simd::kLanes,
          {{8, multiply_add_chains<Simd, 8>},
           {kSecond, multiply_add_chains<Simd, kSecond>},
           {kThird, multiply_add_chains<Simd, kThird>}},
          sum<Simd>};
}

template <class Simd>
constinit const ProbeKernels ProbeOf<Simd>::kTable = make_probe_kernels<Simd>();

}  // namespace optlab::measure::detail
