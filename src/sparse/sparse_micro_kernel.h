#pragma once

#include "simd/traits.h"
#include "simd/unroll.h"
#include "sparse/sparse_kernels.h"

/// The building blocks of `Kernels`, written once over a SIMD policy. Files that include this are compiled for one ISA,
/// so nothing here may be a shared inline function: everything is a template over the policy.
namespace optlab::sparse::detail {

using simd::unroll;

/// A single lane for the kernels of `Wide`: as simd::Scalar, but a type of that ISA's own.
template <class Wide>
struct OneLane {
  static constexpr int kLanes = 1;
  using F32 = float;
  static F32 zero() { return 0.0F; }
  static F32 load_splat(const float* from) { return *from; }
  static F32 load(const float* from) { return *from; }
  static void store(float* to, F32 value) { *to = value; }
  static F32 mul_add(F32 a, F32 b, F32 c) { return a * b + c; }
};

/// Lanes along M: each weight is spread over a vector and meets kVectors vectors of A's rows at its k. The sums stay in
/// registers over all k, an index serves the whole block, and no lane is lost however the zeros lie.
template <class Simd, Format kFormat, int kVectors>
void tile(const Panel& panel, const float* a, float* sums) noexcept {
  constexpr BlockShape kShape = shape_of(kFormat);
  constexpr int kColumns = kShape.columns;
  constexpr int kSize = kShape.depth * kShape.columns;
  constexpr int kLanes = Simd::kLanes;
  constexpr int kWidth = kVectors * kLanes;
  typename Simd::F32 tile[kColumns][kVectors];
  unroll<kColumns>([&](auto c) { unroll<kVectors>([&](auto v) { tile[c][v] = Simd::zero(); }); });
  const std::int32_t* index = panel.indices;
  const float* values = panel.values;
  int steps = panel.blocks;
  do {
    const float* rows = a + std::ptrdiff_t{*index++} * kWidth;
    unroll<kShape.depth>([&](auto i) {
      typename Simd::F32 weight[kColumns];
      unroll<kColumns>([&](auto c) { weight[c] = Simd::load_splat(values + i * kColumns + c); });
      unroll<kVectors>([&](auto v) {
        const auto row = Simd::load(rows + i * kWidth + v * kLanes);
        unroll<kColumns>([&](auto c) { tile[c][v] = Simd::mul_add(row, weight[c], tile[c][v]); });
      });
    });
    values += kSize;
  } while (--steps > 0);
  unroll<kColumns>(
      [&](auto c) { unroll<kVectors>([&](auto v) { Simd::store(sums + c * kWidth + v * kLanes, tile[c][v]); }); });
}

/// One row of A, lanes along N. `Simd` has at most as many lanes as a block has columns.
template <class Simd, Format kFormat>
void row(const Panel* panels, const float* x, float* sums) noexcept {
  constexpr BlockShape kShape = shape_of(kFormat);
  constexpr int kSize = kShape.depth * kShape.columns;
  constexpr int kLanes = Simd::kLanes;
  constexpr int kVectors = kShape.columns / kLanes;
  static_assert(kVectors * kLanes == kShape.columns);
  typename Simd::F32 chain[kChains][kVectors];
  const std::int32_t* index[kChains];
  const float* values[kChains];
  int common = panels[0].blocks;
  unroll<kChains>([&](auto p) {
    unroll<kVectors>([&](auto v) { chain[p][v] = Simd::zero(); });
    index[p] = panels[p].indices;
    values[p] = panels[p].values;
    if (panels[p].blocks < common) common = panels[p].blocks;
  });
  const auto step = [&](auto p) __attribute__((always_inline)) {
    const float* from = x + *index[p]++;
    unroll<kShape.depth>([&](auto i) {
      const auto scale = Simd::load_splat(from + i);
      unroll<kVectors>([&](auto v) {
        chain[p][v] = Simd::mul_add(scale, Simd::load(values[p] + i * kShape.columns + v * kLanes), chain[p][v]);
      });
    });
    values[p] += kSize;
  };
  if (int steps = common; steps > 0) {
    do {
      unroll<kChains>(step);
    } while (--steps > 0);
  }
  unroll<kChains>([&](auto p) {  // what the fuller panels have left
    for (int rest = panels[p].blocks - common; rest > 0; --rest) step(p);
  });
  unroll<kChains>([&](auto p) {
    unroll<kVectors>([&](auto v) { Simd::store(sums + p * kShape.columns + v * kLanes, chain[p][v]); });
  });
}

/// Blocks: kBlockVectors·4 sums, 4 weights, a row and, where multiply-adds aren't fused, a product: 14 of 16 registers, 22 of
/// 32. CSR: kCsrVectors sums, a weight, a row and a product. Measured at 64×784×256 with 80 % zeros, fused, best of many,
/// GFLOP/s of the dense product: AVX-512 on a Xeon (dense itself 165), 1×4 by 2, 3, 4, 5 vectors 380, 387, 477, 471; Node 24
/// there (dense 54), 1×4 by 1, 2, 3 vectors 128, 199, 171 (one hasn't enough sums to hide the latency, three don't fit), CSR
/// by 4, 6, 8 vectors 130, 147, 154.
template <class Simd>
constexpr Kernels make_kernels() {
  using Quad = typename simd::QuadOf<Simd>::Type;  // for the mat-vec with blocks
  constexpr int kCsrVectors = Simd::kLanes == 1 ? 4 : 8;
  constexpr int kBlockVectors = Simd::kRegisters >= 32 ? 4 : 2;
  static_assert(kCsrVectors <= kMostVectors && kBlockVectors <= kMostVectors && Simd::kLanes <= kMostLanes);
  Kernels kernels{Simd::kLanes,
                  {kCsrVectors, kBlockVectors, kBlockVectors},
                  {row<OneLane<Simd>, Format::kCsr>, row<Quad, Format::kBlock1x4>, row<Quad, Format::kBlock4x4>},
                  {}};
  unroll<kCsrVectors>([&](auto v) { kernels.tile[0][v] = tile<Simd, Format::kCsr, v + 1>; });
  unroll<kBlockVectors>([&](auto v) {
    kernels.tile[1][v] = tile<Simd, Format::kBlock1x4, v + 1>;
    kernels.tile[2][v] = tile<Simd, Format::kBlock4x4, v + 1>;
  });
  return kernels;
}

template <class Simd>
constinit const Kernels KernelsOf<Simd>::kTable = make_kernels<Simd>();

}  // namespace optlab::sparse::detail
