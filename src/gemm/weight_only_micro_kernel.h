#pragma once

#include "gemm/weight_only_kernels.h"
#include "simd/traits.h"
#include "simd/unroll.h"

/// The panel products over a widening policy (simd/widen.h); nothing here may be a shared inline function.
namespace optlab::gemm::detail {

using simd::unroll;

/// kPanels panels side by side: so many independent sums hide the latency of an addition.
template <class Widen, int kPanels>
void weight_only_int8(const float* x, int depth, const WeightPanels& w, float* y) noexcept {
  using Simd = typename Widen::Simd;
  constexpr int kPairs = kWeightColumns / (2 * Simd::kLanes);
  typename Simd::F32 low[kPanels][kPairs], high[kPanels][kPairs];
  const std::int8_t* panel[kPanels];
  unroll<kPanels>([&](auto q) {
    panel[q] = reinterpret_cast<const std::int8_t*>(w.data + q * w.stride);
    unroll<kPairs>([&](auto p) { low[q][p] = high[q][p] = Simd::zero(); });
  });
  do {
    const auto value = Simd::load_splat(x++);
    unroll<kPanels>([&](auto q) {
      unroll<kPairs>([&](auto p) {
        const auto weights = Widen::load_i8(panel[q] + p * 2 * Simd::kLanes);
        low[q][p] = Simd::mul_add(value, weights.low, low[q][p]);
        high[q][p] = Simd::mul_add(value, weights.high, high[q][p]);
      });
      panel[q] += kWeightColumns;
    });
  } while (--depth > 0);
  unroll<kPanels>([&](auto q) {
    unroll<kPairs>([&](auto p) {
      constexpr int n = 2 * p * Simd::kLanes;
      const float* scale = w.scales + q * w.scale_stride + n;
      float* to = y + q * kWeightColumns + n;
      Simd::store(to, Simd::mul(low[q][p], Simd::load(scale)));
      Simd::store(to + Simd::kLanes, Simd::mul(high[q][p], Simd::load(scale + Simd::kLanes)));
    });
  });
}

/// One group of at most 32 values of k: y += (x · q) · scale. A byte holds k and k + 1 of a column.
template <class Widen, int kPanels>
void weight_only_group(const float* x, int depth, const WeightPanels& w, float* y) noexcept {
  using Simd = typename Widen::Simd;
  constexpr int kPairs = kWeightColumns / (2 * Simd::kLanes);
  typename Simd::F32 low[kPanels][kPairs], high[kPanels][kPairs];
  const std::uint8_t* panel[kPanels];
  unroll<kPanels>([&](auto q) {
    panel[q] = reinterpret_cast<const std::uint8_t*>(w.data + q * w.stride);
    unroll<kPairs>([&](auto p) { low[q][p] = high[q][p] = Simd::zero(); });
  });
  const float* last = x + depth - 1;
  do {
    const auto first = Simd::load_splat(x);
    const auto second = x < last ? Simd::load_splat(x + 1) : Simd::zero();
    unroll<kPanels>([&](auto q) {
      unroll<kPairs>([&](auto p) {
        const auto weights = Widen::load_i4(panel[q] + p * 2 * Simd::kLanes);
        low[q][p] = Simd::mul_add(first, weights.first.low, low[q][p]);
        high[q][p] = Simd::mul_add(first, weights.first.high, high[q][p]);
        low[q][p] = Simd::mul_add(second, weights.second.low, low[q][p]);
        high[q][p] = Simd::mul_add(second, weights.second.high, high[q][p]);
      });
      panel[q] += kWeightColumns;
    });
    x += 2;
  } while (x <= last);
  unroll<kPanels>([&](auto q) {
    unroll<kPairs>([&](auto p) {
      constexpr int n = 2 * p * Simd::kLanes;
      const float* scale = w.scales + q * w.scale_stride + n;
      float* to = y + q * kWeightColumns + n;
      Simd::store(to, Simd::mul_add(low[q][p], Simd::load(scale), Simd::load(to)));
      Simd::store(to + Simd::kLanes,
                  Simd::mul_add(high[q][p], Simd::load(scale + Simd::kLanes), Simd::load(to + Simd::kLanes)));
    });
  });
}

template <class Widen, int kPanels>
void weight_only_int4(const float* x, int depth, const WeightPanels& w, float* y) noexcept {
  using Simd = typename Widen::Simd;
  for (int n = 0; n < kPanels * kWeightColumns; n += Simd::kLanes) Simd::store(y + n, Simd::zero());
  WeightPanels group = w;
  for (int k = 0; k < depth; k += kInt4Group) {
    weight_only_group<Widen, kPanels>(x + k, depth - k < kInt4Group ? depth - k : kInt4Group, group, y);
    group.data += kWeightColumns * kInt4Group / 2;
    group.scales += kWeightColumns;
  }
}

/// The weights themselves, by one factor for all, so that the sums are those of float32.
template <class Widen, int kPanels>
void weight_only_half(const float* x, int depth, const WeightPanels& w, float* y) noexcept {
  using Simd = typename Widen::Simd;
  constexpr int kPairs = kWeightColumns / (2 * Simd::kLanes);
  typename Simd::F32 low[kPanels][kPairs], high[kPanels][kPairs];
  const std::uint16_t* panel[kPanels];
  unroll<kPanels>([&](auto q) {
    panel[q] = reinterpret_cast<const std::uint16_t*>(w.data + q * w.stride);
    unroll<kPairs>([&](auto p) { low[q][p] = high[q][p] = Simd::zero(); });
  });
  const auto factor = Simd::load_splat(w.scales);
  do {
    const auto value = Simd::load_splat(x++);
    unroll<kPanels>([&](auto q) {
      unroll<kPairs>([&](auto p) {
        const auto weights = Widen::load_half(panel[q] + p * 2 * Simd::kLanes);
        low[q][p] = Simd::mul_add(value, Simd::mul(weights.low, factor), low[q][p]);
        high[q][p] = Simd::mul_add(value, Simd::mul(weights.high, factor), high[q][p]);
      });
      panel[q] += kWeightColumns;
    });
  } while (--depth > 0);
  unroll<kPanels>([&](auto q) {
    unroll<kPairs>([&](auto p) {
      float* to = y + q * kWeightColumns + 2 * p * Simd::kLanes;
      Simd::store(to, low[q][p]);
      Simd::store(to + Simd::kLanes, high[q][p]);
    });
  });
}

/// Several rows: a pair of vectors of columns is widened once for all. Two times kRows sums hide the latency of an
/// addition and leave registers for what is widened, where there are sixteen. Sums are the row product's, bit for bit.
template <class Simd, int kRows>
struct RowSums {
  typename Simd::F32 low[kRows], high[kRows];
  const float* x[kRows];

  explicit RowSums(const ConstMatrixView& rows, int k = 0) {
    unroll<kRows>([&](auto r) {
      x[r] = rows.row(r) + k;
      low[r] = high[r] = Simd::zero();
    });
  }
  template <class Pair>
  void add(const Pair& weights) {
    unroll<kRows>([&](auto r) {
      const auto value = Simd::load_splat(x[r]++);
      low[r] = Simd::mul_add(value, weights.low, low[r]);
      high[r] = Simd::mul_add(value, weights.high, high[r]);
    });
  }
};

template <class Widen, int kRows>
void weight_only_int8_rows(const ConstMatrixView& x, const WeightPanels& w, const MatrixView& y) noexcept {
  using Simd = typename Widen::Simd;
  for (int n = 0; n < kWeightColumns; n += 2 * Simd::kLanes) {
    RowSums<Simd, kRows> sums(x);
    const auto* panel = reinterpret_cast<const std::int8_t*>(w.data) + n;
    int depth = x.columns;
    do {
      sums.add(Widen::load_i8(panel));
      panel += kWeightColumns;
    } while (--depth > 0);
    const auto low = Simd::load(w.scales + n), high = Simd::load(w.scales + n + Simd::kLanes);
    unroll<kRows>([&](auto r) {
      Simd::store(y.row(r) + n, Simd::mul(sums.low[r], low));
      Simd::store(y.row(r) + n + Simd::kLanes, Simd::mul(sums.high[r], high));
    });
  }
}

template <class Widen, int kRows>
void weight_only_half_rows(const ConstMatrixView& x, const WeightPanels& w, const MatrixView& y) noexcept {
  using Simd = typename Widen::Simd;
  const auto factor = Simd::load_splat(w.scales);
  for (int n = 0; n < kWeightColumns; n += 2 * Simd::kLanes) {
    RowSums<Simd, kRows> sums(x);
    const auto* panel = reinterpret_cast<const std::uint16_t*>(w.data) + n;
    int depth = x.columns;
    do {
      auto weights = Widen::load_half(panel);
      weights.low = Simd::mul(weights.low, factor);
      weights.high = Simd::mul(weights.high, factor);
      sums.add(weights);
      panel += kWeightColumns;
    } while (--depth > 0);
    unroll<kRows>([&](auto r) {
      Simd::store(y.row(r) + n, sums.low[r]);
      Simd::store(y.row(r) + n + Simd::kLanes, sums.high[r]);
    });
  }
}

/// One group of k from k on, added to y.
template <class Widen, int kRows>
void weight_only_group_rows(const ConstMatrixView& x, int k, const WeightPanels& w, const MatrixView& y) noexcept {
  using Simd = typename Widen::Simd;
  const int depth = x.columns - k < kInt4Group ? x.columns - k : kInt4Group;
  for (int n = 0; n < kWeightColumns; n += 2 * Simd::kLanes) {
    RowSums<Simd, kRows> sums(x, k);
    const auto* panel = reinterpret_cast<const std::uint8_t*>(w.data) + n;
    int left = depth;
    do {
      const auto weights = Widen::load_i4(panel);
      sums.add(weights.first);
      if (left > 1) sums.add(weights.second);
      panel += kWeightColumns;
      left -= 2;
    } while (left > 0);
    const auto low = Simd::load(w.scales + n), high = Simd::load(w.scales + n + Simd::kLanes);
    unroll<kRows>([&](auto r) {
      float* to = y.row(r) + n;
      Simd::store(to, Simd::mul_add(sums.low[r], low, Simd::load(to)));
      Simd::store(to + Simd::kLanes, Simd::mul_add(sums.high[r], high, Simd::load(to + Simd::kLanes)));
    });
  }
}

template <class Widen, int kRows>
void weight_only_int4_rows(const ConstMatrixView& x, const WeightPanels& w, const MatrixView& y) noexcept {
  using Simd = typename Widen::Simd;
  unroll<kRows>([&](auto r) {
    for (int n = 0; n < kWeightColumns; n += Simd::kLanes) Simd::store(y.row(r) + n, Simd::zero());
  });
  WeightPanels group = w;
  for (int k = 0; k < x.columns; k += kInt4Group) {
    weight_only_group_rows<Widen, kRows>(x, k, group, y);
    group.data += kWeightColumns * kInt4Group / 2;
    group.scales += kWeightColumns;
  }
}

template <class Widen>
constexpr WeightOnlyKernels make_weight_only_kernels() {
  constexpr int kPanels = Widen::kPanels;
  static_assert(kPanels <= kMostWeightPanels);
  return {kPanels,
          {weight_only_int8<Widen, 1>, weight_only_int8<Widen, kPanels>},
          {weight_only_int4<Widen, 1>, weight_only_int4<Widen, kPanels>},
          {weight_only_half<Widen, 1>, weight_only_half<Widen, kPanels>},
          {weight_only_int8_rows<Widen, 2>, weight_only_int8_rows<Widen, kWeightRows>},
          {weight_only_int4_rows<Widen, 2>, weight_only_int4_rows<Widen, kWeightRows>},
          {weight_only_half_rows<Widen, 2>, weight_only_half_rows<Widen, kWeightRows>}};
}

template <class Simd>
constinit const WeightOnlyKernels WeightOnlyKernelsOf<Simd>::kTable =
    make_weight_only_kernels<typename simd::WidenOf<Simd>::Type>();

}  // namespace optlab::gemm::detail
