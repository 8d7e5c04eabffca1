#pragma once

#include "attention/attention_kernels.h"
#include "simd/unroll.h"
#include "simd/vector_math.h"

/// The building blocks of `Kernels`, written once over a SIMD policy. Files that include this are compiled for one ISA,
/// so nothing here may be a shared inline function: everything is a template over the policy.
namespace optlab::attention::detail {

using simd::unroll;

/// Calls body(i) for the vectors of a panel: written out where that is few, so that they live in registers.
template <class Simd, class Body>
[[gnu::always_inline]] inline void for_each_vector_of_panel(Body&& body) {
  constexpr int kVectors = kPanelKeys / Simd::kLanes;
  if constexpr (kVectors <= 4) {
    unroll<kVectors>(body);
  } else {
    for (int v = 0; v < kVectors; ++v) body(v);
  }
}

/// vectors[0] = all vectors of a panel combined: the upper half with the lower, then the upper half of that, …, the order
/// that exact mode prescribes for sums.
template <class Simd, int kVectors, class Combine>
[[gnu::always_inline]] inline void fold(typename Simd::F32* vectors, const Combine& combine) {
  if constexpr (kVectors > 1) {
    constexpr int kHalf = kVectors / 2;
    unroll<kHalf>([&](auto v) { vectors[v] = combine(vectors[v], vectors[v + kHalf]); });
    fold<Simd, kHalf>(vectors, combine);
  }
}

/// The sum of sixteen stripes.
template <class Simd>
[[gnu::always_inline]] inline float sum_of_stripes(typename Simd::F32* vectors) {
  fold<Simd, kPanelKeys / Simd::kLanes>(vectors, [](auto a, auto b) { return Simd::add(a, b); });
  return Simd::reduce_add(vectors[0]);
}

/// Scores of kRows queries and kVectors vectors of keys, which begin at `keys` and go on through whole panels: as in
/// GEMM, all sums stay in registers while the loop walks down d.
template <class Simd, int kRows, int kVectors>
void score_strip(const ScoreBlock& block, const float* keys, float* to) noexcept {
  constexpr int kLanes = Simd::kLanes;
  constexpr int kPerPanel = kPanelKeys / kLanes;
  constexpr int kPanels = kVectors > kPerPanel ? kVectors / kPerPanel : 1;
  typename Simd::F32 sums[kRows][kVectors];
  const float* q[kRows];
  const float* panel[kPanels];
  unroll<kRows>([&](auto r) {
    q[r] = block.q[r];
    unroll<kVectors>([&](auto v) { sums[r][v] = Simd::zero(); });
  });
  unroll<kPanels>([&](auto p) { panel[p] = keys + p * static_cast<std::ptrdiff_t>(block.size) * kPanelKeys; });
  const auto load = [&](auto v) __attribute__((always_inline)) {
    return Simd::load(panel[v / kPerPanel] + v % kPerPanel * kLanes);
  };
  int steps = block.size;
  do {
    if constexpr (kRows == 1) {  // many vectors, each used once
      const auto value = Simd::load_splat(q[0]);
      unroll<kVectors>([&](auto v) { sums[0][v] = Simd::mul_add(value, load(v), sums[0][v]); });
    } else {
      typename Simd::F32 key[kVectors];
      unroll<kVectors>([&](auto v) { key[v] = load(v); });
      unroll<kRows>([&](auto r) {
        const auto value = Simd::load_splat(q[r]);
        unroll<kVectors>([&](auto v) { sums[r][v] = Simd::mul_add(value, key[v], sums[r][v]); });
      });
    }
    unroll<kRows>([&](auto r) { ++q[r]; });
    unroll<kPanels>([&](auto p) { panel[p] += kPanelKeys; });
  } while (--steps > 0);
  const auto scale = Simd::broadcast(block.scale);
  unroll<kRows>([&](auto r) {
    float* row = to + r * block.score_stride;
    unroll<kVectors>([&](auto v) { Simd::store(row + v * kLanes, Simd::mul(sums[r][v], scale)); });
  });
}

/// The same for `panels` panels, by strips of kVectors vectors and then of half as many, down to those within a panel.
template <class Simd, int kRows, int kVectors>
void score_panels(const ScoreBlock& block, const float* keys, float* to, int panels) noexcept {
  constexpr int kPerPanel = kPanelKeys / Simd::kLanes;
  const std::ptrdiff_t panel_floats = static_cast<std::ptrdiff_t>(block.size) * kPanelKeys;
  if constexpr (kVectors > kPerPanel) {
    constexpr int kGroup = kVectors / kPerPanel;
    for (; panels >= kGroup; panels -= kGroup, keys += kGroup * panel_floats, to += kGroup * kPanelKeys) {
      score_strip<Simd, kRows, kVectors>(block, keys, to);
    }
    score_panels<Simd, kRows, kVectors / 2>(block, keys, to, panels);
  } else {
    for (; panels > 0; --panels, keys += panel_floats, to += kPanelKeys) {
      for (int i = 0; i < kPanelKeys; i += kVectors * Simd::kLanes) {
        score_strip<Simd, kRows, kVectors>(block, keys + i, to + i);
      }
    }
  }
}

template <class Simd, int kRows, int kVectors>
void scores(const ScoreBlock& block) noexcept {
  score_panels<Simd, kRows, kVectors>(block, block.keys, block.scores, block.panels);
}

/// kVectors vectors of kRows results, on from what `out` holds.
template <class Simd, int kRows, int kVectors>
void weigh_strip(const WeighBlock& block, int column) noexcept {
  constexpr int kLanes = Simd::kLanes;
  typename Simd::F32 sums[kRows][kVectors];
  const float* p[kRows];
  unroll<kRows>([&](auto r) {
    p[r] = block.p + r * block.p_stride;
    unroll<kVectors>([&](auto v) { sums[r][v] = Simd::load(block.out[r] + column + v * kLanes); });
  });
  const float* value = block.values + column;
  int steps = block.keys;
  do {
    if constexpr (kRows == 1) {
      const auto weight = Simd::load_splat(p[0]);
      unroll<kVectors>([&](auto v) { sums[0][v] = Simd::mul_add(weight, Simd::load(value + v * kLanes), sums[0][v]); });
    } else {
      typename Simd::F32 values[kVectors];
      unroll<kVectors>([&](auto v) { values[v] = Simd::load(value + v * kLanes); });
      unroll<kRows>([&](auto r) {
        const auto weight = Simd::load_splat(p[r]);
        unroll<kVectors>([&](auto v) { sums[r][v] = Simd::mul_add(weight, values[v], sums[r][v]); });
      });
    }
    unroll<kRows>([&](auto r) { ++p[r]; });
    value += block.value_stride;
  } while (--steps > 0);
  unroll<kRows>(
      [&](auto r) { unroll<kVectors>([&](auto v) { Simd::store(block.out[r] + column + v * kLanes, sums[r][v]); }); });
}

/// The last `rest` columns, fewer than a vector, of one row.
template <class Simd>
void weigh_rest(const WeighBlock& block, int row, int column, int rest) noexcept {
  const float* p = block.p + row * block.p_stride;
  const float* value = block.values + column;
  auto sum = Simd::load_first(block.out[row] + column, rest);
  for (int i = 0; i < block.keys; ++i, value += block.value_stride) {
    sum = Simd::mul_add(Simd::load_splat(p + i), Simd::load_first(value, rest), sum);
  }
  Simd::store_first(block.out[row] + column, sum, rest);
}

/// All whole vectors of columns from `column` on, by strips of kVectors and then of half as many; returns where they end.
template <class Simd, int kRows, int kVectors>
int weigh_columns(const WeighBlock& block, int column) noexcept {
  constexpr int kWidth = kVectors * Simd::kLanes;
  for (; column + kWidth <= block.size; column += kWidth) weigh_strip<Simd, kRows, kVectors>(block, column);
  if constexpr (kVectors > 1) return weigh_columns<Simd, kRows, kVectors / 2>(block, column);
  return column;
}

template <class Simd, int kRows, int kVectors>
void weigh(const WeighBlock& block) noexcept {
  const int column = weigh_columns<Simd, kRows, kVectors>(block, 0);
  if (const int rest = block.size - column; rest > 0) {
    for (int r = 0; r < kRows; ++r) weigh_rest<Simd>(block, r, column, rest);
  }
}

/// Fills the whole panels around [begin, end) up with -inf, which exp makes 0, and returns their first and last key.
template <class Simd>
Span whole_panels(float* scores, int begin, int end) noexcept {
  const int first = begin / kPanelKeys * kPanelKeys;
  const int last = (end + kPanelKeys - 1) / kPanelKeys * kPanelKeys;
  for (int i = first; i < begin; ++i) scores[i] = -__builtin_inff();
  for (int i = end; i < last; ++i) scores[i] = -__builtin_inff();
  return {first, last};
}

/// The largest of whole panels of scores and of `most`.
template <class Simd>
float largest(const float* scores, Span panels, float most) noexcept {
  typename Simd::F32 vectors[kPanelKeys / Simd::kLanes];
  for_each_vector_of_panel<Simd>([&](auto v) { vectors[v] = Simd::broadcast(most); });
  for (int i = panels.begin; i < panels.end; i += kPanelKeys) {
    for_each_vector_of_panel<Simd>(
        [&](auto v) { vectors[v] = Simd::max(Simd::load(scores + i + v * Simd::kLanes), vectors[v]); });
  }
  fold<Simd, kPanelKeys / Simd::kLanes>(vectors, [](auto a, auto b) { return Simd::max(a, b); });
  return Simd::reduce_max(vectors[0]);
}

/// scores = exp(scores - most) in whole panels, and their sum.
template <class Simd>
float exponentials(float* scores, Span panels, float most) noexcept {
  typename Simd::F32 sums[kPanelKeys / Simd::kLanes];
  for_each_vector_of_panel<Simd>([&](auto v) { sums[v] = Simd::zero(); });
  const auto subtrahend = Simd::broadcast(most);
  for (int i = panels.begin; i < panels.end; i += kPanelKeys) {
    for_each_vector_of_panel<Simd>([&](auto v) __attribute__((always_inline)) {
      float* at = scores + i + v * Simd::kLanes;
      const auto e = simd::exp<Simd>(Simd::sub(Simd::load(at), subtrahend));
      Simd::store(at, e);
      sums[v] = Simd::add(sums[v], e);
    });
  }
  return sum_of_stripes<Simd>(sums);
}

template <class Simd>
float softmax(float* scores, int begin, int end) noexcept {
  const Span panels = whole_panels<Simd>(scores, begin, end);
  return exponentials<Simd>(scores, panels, largest<Simd>(scores, panels, -__builtin_inff()));
}

template <class Simd>
float softmax_online(float* scores, int begin, int end, Running& running) noexcept {
  const Span panels = whole_panels<Simd>(scores, begin, end);
  const float most = largest<Simd>(scores, panels, running.most);
  float factor = 1.0F;
  if (!(most == running.most)) {
    factor = Simd::reduce_max(simd::exp<Simd>(Simd::broadcast(running.most - most)));
  }
  running.sum = running.sum * factor + exponentials<Simd>(scores, panels, most);
  running.most = most;
  return factor;
}

/// row[d] = operation(row[d], operand)
template <class Simd, class Operation>
[[gnu::always_inline]] inline void for_each_element(float* row, int size, float operand, const Operation& operation) {
  const auto vector = Simd::broadcast(operand);
  int d = 0;
  for (; d + Simd::kLanes <= size; d += Simd::kLanes) {
    Simd::store(row + d, operation(Simd::load(row + d), vector));
  }
  if (const int rest = size - d; rest > 0) {
    Simd::store_first(row + d, operation(Simd::load_first(row + d, rest), vector), rest);
  }
}

template <class Simd>
void multiply(float* out, int size, float factor) noexcept {
  for_each_element<Simd>(out, size, factor, [](auto a, auto b) { return Simd::mul(a, b); });
}

template <class Simd>
void divide(float* out, int size, float divisor) noexcept {
  for_each_element<Simd>(out, size, divisor, [](auto a, auto b) { return Simd::div(a, b); });
}

/// Tiles of 1 to kRows rows and kVectors vectors, GEMM's tile, since the loop is the same; a row alone takes kAlone vectors at once, enough sums to hide the
/// latency of an addition (4 cycles, two started in each).
template <class Simd>
constexpr Kernels make_kernels() {
  constexpr int kRows = Simd::kTileRows;
  constexpr int kVectors = Simd::kTileVectors;
  constexpr int kAlone = 8;
  static_assert(kRows <= kMostRows && kBlockRows % kRows == 0);
  Kernels kernels{
      kRows, {}, {}, softmax<Simd>, softmax_online<Simd>, multiply<Simd>, divide<Simd>,
  };
  unroll<kRows>([&](auto r) {
    constexpr int kCount = r + 1;
    constexpr int kWide = kCount == 1 ? kAlone : kVectors;
    if constexpr (kCount == kRows || (kCount & (kCount - 1)) == 0) {  // all would be twice the code
      kernels.scores[r] = scores<Simd, kCount, kWide>;
      kernels.weigh[r] = weigh<Simd, kCount, kWide>;
    }
  });
  return kernels;
}

template <class Simd>
constinit const Kernels KernelsOf<Simd>::kTable = make_kernels<Simd>();

}  // namespace optlab::attention::detail
