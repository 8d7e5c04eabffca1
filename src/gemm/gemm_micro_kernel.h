#pragma once

#include "gemm/gemm_kernels.h"

/// The building blocks of `Kernels`, written once over a SIMD policy. Files that include this are compiled for one ISA,
/// so nothing here may be a shared inline function: everything is a template over the policy.
namespace optlab::gemm::detail {

/// The register tile: kRows × kVectors vectors of C stay in registers while the loop walks down k, so each step loads
/// kRows + kVectors values for kRows·kVectors multiply-adds instead of storing and reloading C.
template <class Simd, int kRows, int kVectors>
void tile(int depth, const float* a_panel, const float* b_panel, float* c, std::ptrdiff_t c_stride,
          bool accumulate) noexcept {
  constexpr int kLanes = Simd::kLanes;
  typename Simd::F32 sums[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = accumulate ? Simd::load(c + r * c_stride + v * kLanes) : Simd::zero();
    }
  }
  for (int k = 0; k < depth; ++k) {
    typename Simd::F32 b[kVectors];
    for (int v = 0; v < kVectors; ++v) b[v] = Simd::load(b_panel + v * kLanes);
    for (int r = 0; r < kRows; ++r) {
      const auto a = Simd::load_splat(a_panel + r);
      for (int v = 0; v < kVectors; ++v) sums[r][v] = Simd::mul_add(a, b[v], sums[r][v]);
    }
    a_panel += kRows;
    b_panel += kVectors * kLanes;
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) Simd::store(c + r * c_stride + v * kLanes, sums[r][v]);
  }
}

/// A panel's step k holds `kWidth` values side by side, whatever the strides of the source were: the tile then reads
/// memory in order.
template <class Simd, int kWidth>
void pack_panel(const float* from, std::ptrdiff_t along, std::ptrdiff_t across, int depth, int width,
                float* to) noexcept {
  if (width == kWidth && across == 1 && kWidth % Simd::kLanes == 0) {
    for (int k = 0; k < depth; ++k, from += along, to += kWidth) {
      for (int i = 0; i < kWidth; i += Simd::kLanes) Simd::store(to + i, Simd::load(from + i));
    }
    return;
  }
  if (width == kWidth) {
    for (int k = 0; k < depth; ++k, from += along, to += kWidth) {
      for (int i = 0; i < kWidth; ++i) to[i] = from[i * across];
    }
    return;
  }
  for (int k = 0; k < depth; ++k, from += along, to += kWidth) {
    for (int i = 0; i < kWidth; ++i) to[i] = i < width ? from[i * across] : 0.0F;
  }
}

template <class Simd, int kRows>
void pack_a(const ConstMatrixView& block, float* to) noexcept {
  for (int m = 0; m < block.rows; m += kRows) {
    const int width = block.rows - m < kRows ? block.rows - m : kRows;
    pack_panel<Simd, kRows>(block.row(m), block.column_stride, block.row_stride, block.columns, width, to);
    to += static_cast<std::ptrdiff_t>(kRows) * block.columns;
  }
}

template <class Simd, int kColumns>
void pack_b(const ConstMatrixView& block, float* to) noexcept {
  for (int n = 0; n < block.columns; n += kColumns) {
    const int width = block.columns - n < kColumns ? block.columns - n : kColumns;
    pack_panel<Simd, kColumns>(block.data + n * block.column_stride, block.row_stride, block.column_stride, block.rows,
                               width, to);
    to += static_cast<std::ptrdiff_t>(kColumns) * block.rows;
  }
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
void row_strip(const float* a, std::ptrdiff_t a_stride, const ConstMatrixView& b, int k, float* c) noexcept {
  typename Simd::F32 scale[kSteps];
  for (int d = 0; d < kSteps; ++d) scale[d] = Simd::load_splat(a + (k + d) * a_stride);
  const float* rows = b.row(k);
  for_each_vector<Simd>(b.columns, [&](auto load, auto store, int n) {
    auto sum = k == 0 ? Simd::zero() : load(c + n);
    for (int d = 0; d < kSteps; ++d) sum = Simd::mul_add(scale[d], load(rows + d * b.row_stride + n), sum);
    store(c + n, sum);
  });
}

template <class Simd>
void row(const float* a, std::ptrdiff_t a_stride, const ConstMatrixView& b, float* c) noexcept {
  constexpr int kSteps = 8;
  int k = 0;
  for (; k + kSteps <= b.rows; k += kSteps) row_strip<Simd, kSteps>(a, a_stride, b, k, c);
  for (; k < b.rows; ++k) row_strip<Simd, 1>(a, a_stride, b, k, c);
}

template <class Simd, int kRows, int kVectors>
constexpr Kernels make_kernels() {
  static_assert(kRows * kVectors * Simd::kLanes <= kLargestTile);
  return {kRows,
          kVectors * Simd::kLanes,
          tile<Simd, kRows, kVectors>,
          pack_a<Simd, kRows>,
          pack_b<Simd, kVectors * Simd::kLanes>,
          finish<Simd>,
          row<Simd>};
}

}  // namespace optlab::gemm::detail
