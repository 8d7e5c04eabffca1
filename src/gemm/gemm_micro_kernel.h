#pragma once

#include "gemm/gemm_kernels.h"
#include "simd/unroll.h"

/// The building blocks of `Kernels`, written once over a SIMD policy. Files that include this are compiled for one ISA,
/// so nothing here may be a shared inline function: everything is a template over the policy.
namespace optlab::gemm::detail {

using simd::unroll;

/// The register tile: kRows × kVectors vectors of C stay in registers while the loop walks down k, so each step loads
/// kRows + kVectors values for kRows·kVectors multiply-adds instead of storing and reloading C.
template <class Simd, int kRows, int kVectors>
void tile(const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& c, bool accumulate) noexcept {
  constexpr int kLanes = Simd::kLanes;
  typename Simd::F32 sums[kRows][kVectors];
  unroll<kRows>([&](auto r) {
    unroll<kVectors>([&](auto v) { sums[r][v] = accumulate ? Simd::load(c.row(r) + v * kLanes) : Simd::zero(); });
  });
  const float* a_rows[kRows];
  unroll<kRows>([&](auto r) { a_rows[r] = a.row(r); });
  const float* b_row = b.data;
  int steps = a.columns;
  do {  // at least once: around a loop that may not run at all GCC has kept the sums in memory too (a prototype: 79, not 107 GFLOP/s)
    typename Simd::F32 b_vectors[kVectors];
    unroll<kVectors>([&](auto v) { b_vectors[v] = Simd::load(b_row + v * kLanes); });
    unroll<kRows>([&](auto r) {
      const auto scale = Simd::load_splat(a_rows[r]);
      unroll<kVectors>([&](auto v) { sums[r][v] = Simd::mul_add(scale, b_vectors[v], sums[r][v]); });
    });
    unroll<kRows>([&](auto r) { a_rows[r] += a.column_stride; });
    b_row += b.row_stride;
  } while (--steps > 0);
  unroll<kRows>([&](auto r) { unroll<kVectors>([&](auto v) { Simd::store(c.row(r) + v * kLanes, sums[r][v]); }); });
}

/// Calls each(load, store, n) for every whole vector of [0, count) and once more for a partial one, with loads and
/// stores that fit.
template <class Simd, class Each>
void for_each_vector(int count, const Each& each) noexcept {
  int n = 0;
  for (; n + Simd::kLanes <= count; n += Simd::kLanes) {
    each([](const float* from) { return Simd::load(from); },
         [](float* to, typename Simd::F32 value) { Simd::store(to, value); }, n);
  }
  if (const int rest = count - n; rest > 0) {
    each([rest](const float* from) { return Simd::load_first(from, rest); },
         [rest](float* to, typename Simd::F32 value) { Simd::store_first(to, value, rest); }, n);
  }
}

template <class Simd>
void finish(const MatrixView& c, const float* bias, Activation activation) noexcept {
  for (int m = 0; m < c.rows; ++m) {
    float* row = c.row(m);
    for_each_vector<Simd>(c.columns, [&](auto load, auto store, int n) {
      auto value = load(row + n);
      if (bias != nullptr) value = Simd::add(value, load(bias + n));
      if (activation == Activation::kRelu) value = Simd::max(Simd::zero(), value);  // in this order a NaN stays a NaN
      store(row + n, value);
    });
  }
}

/// c (+)= a[k..k+kSteps] · b[k..k+kSteps, :]: kSteps rows of B stream past together, so that each element of C is
/// loaded and stored once for kSteps multiply-adds.
template <class Simd, int kSteps>
void row_strip(const ConstMatrixView& a, const ConstMatrixView& b, int k, float* c) noexcept {
  typename Simd::F32 scale[kSteps];
  unroll<kSteps>([&](auto d) { scale[d] = Simd::load_splat(&a(0, k + d)); });
  const float* rows = b.row(k);
  const auto add = [&](auto load, typename Simd::F32 sum) __attribute__((always_inline)) {
    unroll<kSteps>([&](auto d) { sum = Simd::mul_add(scale[d], load(rows + d * b.row_stride), sum); });
    return sum;
  };
  int n = 0;
  for (; n + Simd::kLanes <= b.columns; n += Simd::kLanes, rows += Simd::kLanes) {
    const auto load = [](const float* from) { return Simd::load(from); };
    Simd::store(c + n, add(load, k == 0 ? Simd::zero() : Simd::load(c + n)));
  }
  if (const int rest = b.columns - n; rest > 0) {
    const auto load = [&](const float* from) { return Simd::load_first(from, rest); };
    Simd::store_first(c + n, add(load, k == 0 ? Simd::zero() : load(c + n)), rest);
  }
}

template <class Simd>
void row(const ConstMatrixView& a, const ConstMatrixView& b, float* c) noexcept {
  constexpr int kSteps = 8;
  int k = 0;
  for (; k + kSteps <= b.rows; k += kSteps) row_strip<Simd, kSteps>(a, b, k, c);
  for (; k < b.rows; ++k) row_strip<Simd, 1>(a, b, k, c);
}

template <class Simd, int kVectors>
void panels(const ConstMatrixView& a, const float* b, std::ptrdiff_t panel_stride, float* c) noexcept {
  constexpr int kLanes = Simd::kLanes;
  typename Simd::F32 sums[kPanels][kVectors];
  const float* panel[kPanels];
  unroll<kPanels>([&](auto p) {
    panel[p] = b + p * panel_stride;
    unroll<kVectors>([&](auto v) { sums[p][v] = Simd::zero(); });
  });
  const float* a_value = a.data;
  int steps = a.columns;
  do {
    const auto scale = Simd::load_splat(a_value);
    a_value += a.column_stride;
    unroll<kPanels>([&](auto p) {
      unroll<kVectors>(
          [&](auto v) { sums[p][v] = Simd::mul_add(scale, Simd::load(panel[p] + v * kLanes), sums[p][v]); });
      panel[p] += kVectors * kLanes;
    });
  } while (--steps > 0);
  unroll<kPanels>(
      [&](auto p) { unroll<kVectors>([&](auto v) { Simd::store(c + (p * kVectors + v) * kLanes, sums[p][v]); }); });
}

template <class Simd>
constexpr Kernels make_kernels() {
  constexpr int kRows = Simd::kTileRows;
  constexpr int kVectors = Simd::kTileVectors;
  static_assert(kRows <= kMostRows && kVectors <= kMostVectors);
  Kernels kernels{kRows, kVectors, Simd::kLanes, {}, finish<Simd>, row<Simd>, panels<Simd, kVectors>};
  unroll<kRows>([&](auto r) { unroll<kVectors>([&](auto v) { kernels.tile[r][v] = tile<Simd, r + 1, v + 1>; }); });
  return kernels;
}

template <class Simd>
constinit const Kernels KernelsOf<Simd>::kTable = make_kernels<Simd>();

}  // namespace optlab::gemm::detail
