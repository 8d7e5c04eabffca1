#pragma once

#include "gemm/int8_kernels.h"
#include "simd/unroll.h"

/// The integer building blocks, written once over a dot policy (simd/dot.h). As in gemm_micro_kernel.h nothing here may
/// be a shared inline function.
namespace optlab::gemm::detail {

using simd::unroll;

/// The register tile: kRows × kVectors vectors of sums; a step takes kGroup values of k.
template <class Dot, int kRows, int kVectors>
void int8_tile(int groups, const Int8Rows& a, const std::byte* b, std::int32_t* c, std::ptrdiff_t c_stride) noexcept {
  constexpr int kVectorElements = Dot::kLanes * Dot::kGroup;
  typename Dot::Sum sums[kRows][kVectors];
  const typename Dot::A* rows[kRows];
  unroll<kRows>([&](auto r) {
    rows[r] = reinterpret_cast<const typename Dot::A*>(a.data + r * a.stride);
    unroll<kVectors>([&](auto v) { sums[r][v] = Dot::zero(); });
  });
  const auto* weights = reinterpret_cast<const typename Dot::B*>(b);
  const auto constants = Dot::constants();
  do {
    typename Dot::Weights vectors[kVectors];
    unroll<kVectors>([&](auto v) { vectors[v] = Dot::load(weights + v * kVectorElements); });
    unroll<kRows>([&](auto r) {
      const typename Dot::Group group = Dot::load_splat(rows[r]);
      unroll<kVectors>([&](auto v) { sums[r][v] = Dot::dot(sums[r][v], group, vectors[v], constants); });
      rows[r] += Dot::kGroup;
    });
    weights += kVectors * kVectorElements;
  } while (--groups > 0);
  unroll<kRows>(
      [&](auto r) { unroll<kVectors>([&](auto v) { Dot::store(c + r * c_stride + v * Dot::kLanes, sums[r][v]); }); });
}

template <class Dot, int kVectors>
void int8_panels(int groups, const std::byte* a, const std::byte* b, std::ptrdiff_t panel_stride,
                 std::int32_t* c) noexcept {
  constexpr int kVectorElements = Dot::kLanes * Dot::kGroup;
  typename Dot::Sum sums[kInt8Panels][kVectors];
  const typename Dot::B* panel[kInt8Panels];
  unroll<kInt8Panels>([&](auto p) {
    panel[p] = reinterpret_cast<const typename Dot::B*>(b + p * panel_stride);
    unroll<kVectors>([&](auto v) { sums[p][v] = Dot::zero(); });
  });
  const auto* activations = reinterpret_cast<const typename Dot::A*>(a);
  const auto constants = Dot::constants();
  do {
    const typename Dot::Group group = Dot::load_splat(activations);
    activations += Dot::kGroup;
    unroll<kInt8Panels>([&](auto p) {
      unroll<kVectors>([&](auto v) {
        sums[p][v] = Dot::dot(sums[p][v], group, Dot::load(panel[p] + v * kVectorElements), constants);
      });
      panel[p] += kVectors * kVectorElements;
    });
  } while (--groups > 0);
  unroll<kInt8Panels>(
      [&](auto p) { unroll<kVectors>([&](auto v) { Dot::store(c + (p * kVectors + v) * Dot::kLanes, sums[p][v]); }); });
}

template <class Dot>
void requantize_rows(const RequantizeBlock& block) noexcept {
  constexpr int kLanes = Dot::kLanes;
  for (int r = 0; r < block.rows; ++r) {
    const std::int32_t* sums = block.sums + r * block.sums_stride;
    std::uint8_t* to = block.to + r * block.to_stride;
    int i = 0;
    for (; i + kLanes <= block.columns; i += kLanes) {
      Dot::to_bytes(Dot::load_sums(sums + i), block.offsets + i, block.scales + i, block.range, to + i);
    }
    if (i == block.columns) continue;
    std::int32_t offsets[kLanes] = {};
    float scales[kLanes] = {};
    std::uint8_t bytes[kLanes];
    for (int j = 0; i + j < block.columns; ++j) {
      offsets[j] = block.offsets[i + j];
      scales[j] = block.scales[i + j];
    }
    Dot::to_bytes(Dot::load_sums(sums + i), offsets, scales, block.range, bytes);
    for (int j = 0; i + j < block.columns; ++j) to[i + j] = bytes[j];
  }
}

/// kVectors vectors of columns; sums stay in registers while the loop walks along the taps.
template <class Dot, int kVectors>
[[gnu::always_inline]] inline void multiply_taps_block(const Int8Taps& taps, int n) noexcept {
  typename Dot::Sum sums[kVectors];
  unroll<kVectors>([&](auto v) { sums[v] = Dot::zero(); });
  const std::uint8_t* const* rows = taps.rows;
  const std::int16_t* w = taps.weights + n;
  int count = taps.count;
  do {
    const std::uint8_t* a = *rows++ + n;
    unroll<kVectors>([&](auto v) { sums[v] = Dot::multiply_add(sums[v], a + v * Dot::kLanes, w + v * Dot::kLanes); });
    w += taps.columns;
  } while (--count > 0);
  unroll<kVectors>([&](auto v) { Dot::store(taps.sums + n + v * Dot::kLanes, sums[v]); });
}

template <class Dot>
void multiply_taps(const Int8Taps& taps) noexcept {
  constexpr int kLanes = Dot::kLanes;
  int n = 0;
  for (; n + 4 * kLanes <= taps.columns; n += 4 * kLanes) multiply_taps_block<Dot, 4>(taps, n);
  for (; n + kLanes <= taps.columns; n += kLanes) multiply_taps_block<Dot, 1>(taps, n);
  for (; n < taps.columns; ++n) {
    std::int32_t sum = 0;
    for (int t = 0; t < taps.count; ++t) {
      sum +=
          std::int32_t{taps.rows[t][n]} * std::int32_t{taps.weights[static_cast<std::ptrdiff_t>(t) * taps.columns + n]};
    }
    taps.sums[n] = sum;
  }
}

template <class Dot>
constexpr Int8Kernels make_int8_kernels() {
  constexpr int kRows = Dot::kTileRows;
  constexpr int kVectors = Dot::kTileVectors;
  static_assert(kRows <= kInt8MostRows && kVectors <= kInt8MostVectors);
  Int8Kernels kernels{Dot::kName,
                      kRows,
                      kVectors,
                      Dot::kLanes,
                      Dot::kGroup,
                      sizeof(typename Dot::A),
                      sizeof(typename Dot::B),
                      Dot::kActivationBits,
                      {},
                      int8_panels<Dot, kVectors>,
                      requantize_rows<Dot>,
                      multiply_taps<Dot>};
  unroll<kRows>([&](auto r) { unroll<kVectors>([&](auto v) { kernels.tile[r][v] = int8_tile<Dot, r + 1, v + 1>; }); });
  return kernels;
}

template <class Dot>
constinit const Int8Kernels Int8KernelsOf<Dot>::kTable = make_int8_kernels<Dot>();

}  // namespace optlab::gemm::detail
