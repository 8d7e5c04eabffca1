#pragma once

#include "attention/attention_micro_kernel.h"
#include "attention/row_kernels.h"

/// The operations of `RowKernels`, written once over a SIMD policy; as attention_micro_kernel.h, for ISA files only.
namespace optlab::attention::detail {

/// y = operation(x, where): vectors of x and of what load(p) takes from other rows at the same columns.
template <class Simd, class Operation>
[[gnu::always_inline]] inline void map_row(const float* x, int n, float* y, const Operation& operation) {
  constexpr int kLanes = Simd::kLanes;
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    Simd::store(y + i, operation(Simd::load(x + i), [i](const float* row) { return Simd::load(row + i); }));
  }
  if (const int rest = n - i; rest > 0) {
    const auto load = [i, rest](const float* row) { return Simd::load_first(row + i, rest); };
    Simd::store_first(y + i, operation(load(x), load), rest);
  }
}

/// Σ term(x) in stripes; term is called with vectors, and with floats for the columns after the last sixteen.
template <class Simd, class Term, class ScalarTerm>
[[gnu::always_inline]] inline float striped_sum(const float* x, int n, const Term& term, const ScalarTerm& last) {
  typename Simd::F32 sums[kPanelKeys / Simd::kLanes];
  for_each_vector_of_panel<Simd>([&](auto v) { sums[v] = Simd::zero(); });
  int i = 0;
  for (; i + kPanelKeys <= n; i += kPanelKeys) {
    for_each_vector_of_panel<Simd>(
        [&](auto v) { sums[v] = Simd::add(sums[v], term(Simd::load(x + i + v * Simd::kLanes))); });
  }
  float stripes[kPanelKeys];
  for_each_vector_of_panel<Simd>([&](auto v) { Simd::store(stripes + v * Simd::kLanes, sums[v]); });
  for (int lane = 0; i < n; ++i, ++lane) stripes[lane] += last(x[i]);
  for_each_vector_of_panel<Simd>([&](auto v) { sums[v] = Simd::load(stripes + v * Simd::kLanes); });
  return sum_of_stripes<Simd>(sums);
}

template <class Simd>
void exp_row(const float* x, int n, float* y) noexcept {
  map_row<Simd>(x, n, y, [](auto value, auto /*load*/) { return simd::exp<Simd>(value); });
}

template <class Simd>
void tanh_row(const float* x, int n, float* y) noexcept {
  map_row<Simd>(x, n, y, [](auto value, auto /*load*/) { return simd::tanh<Simd>(value); });
}

template <class Simd>
void softmax_row(const float* x, int n, float* y) noexcept {
  const int whole = n / kPanelKeys * kPanelKeys;
  float tail[kPanelKeys];  // a whole panel: what is missing is -inf
  for (int i = 0; i < kPanelKeys; ++i) tail[i] = whole + i < n ? x[whole + i] : -__builtin_inff();
  const float most = largest<Simd>(tail, {0, kPanelKeys}, largest<Simd>(x, {0, whole}, -__builtin_inff()));

  typename Simd::F32 sums[kPanelKeys / Simd::kLanes];
  for_each_vector_of_panel<Simd>([&](auto v) { sums[v] = Simd::zero(); });
  const auto subtrahend = Simd::broadcast(most);
  const auto exponential = [&](const float* from, float* to) __attribute__((always_inline)) {
    for_each_vector_of_panel<Simd>([&](auto v) __attribute__((always_inline)) {
      const auto e = simd::exp<Simd>(Simd::sub(Simd::load(from + v * Simd::kLanes), subtrahend));
      Simd::store(to + v * Simd::kLanes, e);
      sums[v] = Simd::add(sums[v], e);
    });
  };
  for (int i = 0; i < whole; i += kPanelKeys) exponential(x + i, y + i);
  if (whole < n) exponential(tail, tail);
  for (int i = whole; i < n; ++i) y[i] = tail[i - whole];
  for_each_element<Simd>(y, n, sum_of_stripes<Simd>(sums), [](auto a, auto b) { return Simd::div(a, b); });
}

/// 1 / √(squares/n + epsilon)
template <class Simd>
typename Simd::F32 inverse_deviation(float squares, int n, float epsilon) noexcept {
  const auto variance = Simd::broadcast(squares / static_cast<float>(n) + epsilon);
  return Simd::div(Simd::broadcast(1.0F), Simd::sqrt(variance));
}

template <class Simd>
void rms_norm_row(const float* x, int n, const float* weight, float epsilon, float* y) noexcept {
  const float squares = striped_sum<Simd>(
      x, n, [](auto v) { return Simd::mul(v, v); }, [](float v) { return v * v; });
  const auto r = inverse_deviation<Simd>(squares, n, epsilon);
  map_row<Simd>(x, n, y, [&](auto v, auto load) { return Simd::mul(Simd::mul(v, r), load(weight)); });
}

template <class Simd>
void layer_norm_row(const float* x, int n, const float* weight, const float* bias, float epsilon, float* y) noexcept {
  const float mean = striped_sum<Simd>(
                         x, n, [](auto v) { return v; }, [](float v) { return v; }) /
                     static_cast<float>(n);
  const auto means = Simd::broadcast(mean);
  const auto square = [](auto v) { return Simd::mul(v, v); };
  const float squares = striped_sum<Simd>(
      x, n, [&](auto v) { return square(Simd::sub(v, means)); }, [&](float v) { return (v - mean) * (v - mean); });
  const auto r = inverse_deviation<Simd>(squares, n, epsilon);
  map_row<Simd>(x, n, y, [&](auto v, auto load) {
    return Simd::add(Simd::mul(Simd::mul(Simd::sub(v, means), r), load(weight)), load(bias));
  });
}

template <class Simd>
void gelu_row(const float* x, int n, float* y) noexcept {
  map_row<Simd>(
      x, n, y, [](auto v, auto /*load*/) __attribute__((always_inline)) {
        const auto cube = Simd::mul(Simd::mul(v, v), v);
        const auto inner = Simd::add(v, Simd::mul(Simd::broadcast(kGeluCubic), cube));
        const auto turned = simd::tanh<Simd>(Simd::mul(Simd::broadcast(kGeluScale), inner));
        return Simd::mul(Simd::mul(Simd::broadcast(0.5F), v), Simd::add(Simd::broadcast(1.0F), turned));
      });
}

template <class Simd>
void silu_row(const float* x, int n, float* y) noexcept {
  map_row<Simd>(
      x, n, y, [](auto v, auto /*load*/) __attribute__((always_inline)) {
        const auto e = simd::exp<Simd>(Simd::sub(Simd::zero(), v));
        return Simd::div(v, Simd::add(Simd::broadcast(1.0F), e));
      });
}

template <class Simd>
void rope_row(float* x, int n, const float* cosines, const float* sines) noexcept {
  if constexpr (Simd::kLanes == 1) {
    for (int i = 0; i < n; i += 2) {
      const float even = x[i], odd = x[i + 1];
      x[i] = even * cosines[i] + odd * sines[i];
      x[i + 1] = odd * cosines[i + 1] + even * sines[i + 1];
    }
  } else {
    map_row<Simd>(x, n, x, [&](auto v, auto load) {
      return Simd::add(Simd::mul(v, load(cosines)), Simd::mul(Simd::swap_pairs(v), load(sines)));
    });
  }
}

template <class Simd>
constexpr RowKernels make_row_kernels() {
  return {exp_row<Simd>,        tanh_row<Simd>, softmax_row<Simd>, rms_norm_row<Simd>,
          layer_norm_row<Simd>, gelu_row<Simd>, silu_row<Simd>,    rope_row<Simd>};
}

template <class Simd>
constinit const RowKernels RowKernelsOf<Simd>::kTable = make_row_kernels<Simd>();

}  // namespace optlab::attention::detail
