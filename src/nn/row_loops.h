#pragma once

#include "simd/unroll.h"

/// Loops over a row's vectors and sums in 16 stripes (attention/row_ops.h), written once over a SIMD policy. For the ISA files only: everything
/// is a template over the policy, so that none of it can end up in another file's baseline.
namespace optlab::nn::detail {

inline constexpr int kStripes = 16;

/// body(load, store) for every vector of a row: load(row) and store(row, value) at the vector's columns.
template <class Simd, class Body>
[[gnu::always_inline]] inline void for_each_vector(int n, const Body& body) {
  constexpr int kLanes = Simd::kLanes;
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    body(
        [i](const float* row) __attribute__((always_inline)) { return Simd::load(row + i); },
        [i](float* row, auto value) __attribute__((always_inline)) { Simd::store(row + i, value); });
  }
  if (const int rest = n - i; rest > 0) {
    body(
        [ i, rest ](const float* row) __attribute__((always_inline)) { return Simd::load_first(row + i, rest); },
        [ i, rest ](float* row, auto value)
            __attribute__((always_inline)) { Simd::store_first(row + i, value, rest); });
  }
}

/// What the lanes of a row's stripes hold: 1, 2, 4 or 16 vectors.
template <class Simd>
struct Stripes {
  static constexpr int kVectors = kStripes / Simd::kLanes;
  typename Simd::F32 vectors[kVectors];

  [[gnu::always_inline]] void fill(float value) {
    simd::unroll<kVectors>([&](auto v) __attribute__((always_inline)) { vectors[v] = Simd::broadcast(value); });
  }
};

/// vectors[0] = all vectors of the stripes combined, the upper half with the lower, ….
template <class Simd, int kVectors, class Combine>
[[gnu::always_inline]] inline void fold_stripes(typename Simd::F32* vectors, const Combine& combine) {
  if constexpr (kVectors > 1) {
    constexpr int kHalf = kVectors / 2;
    simd::unroll<kHalf>([&](auto v)
                            __attribute__((always_inline)) { vectors[v] = combine(vectors[v], vectors[v + kHalf]); });
    fold_stripes<Simd, kHalf>(vectors, combine);
  }
}

/// Calls step(v, load) for all vectors v of the stripes, sixteen columns at a time. Columns beyond the row's end load as
/// `missing`.
template <class Simd, class Step>
[[gnu::always_inline]] inline void for_each_stripe(int n, float missing, const Step& step) {
  constexpr int kVectors = Stripes<Simd>::kVectors;
  constexpr int kLanes = Simd::kLanes;
  int i = 0;
  for (; i + kStripes <= n; i += kStripes) {
    simd::unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
      const int at = i + v * kLanes;
      step(
          v, [at](const float* row) __attribute__((always_inline)) { return Simd::load(row + at); });
    });
  }
  const int rest = n - i;
  if (rest == 0) return;
  simd::unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
    step(
        v, [&](const float* row) __attribute__((always_inline)) {
          float lanes[kLanes];
          for (int lane = 0; lane < kLanes; ++lane) {
            lanes[lane] = v * kLanes + lane < rest ? row[i + v * kLanes + lane] : missing;
          }
          return Simd::load(lanes);
        });
  });
}

/// Σ term(load), in stripes; the term of missing columns must be 0.
template <class Simd, class Term>
[[gnu::always_inline]] inline float striped_sum(int n, float missing, const Term& term) {
  Stripes<Simd> sums;
  sums.fill(0.0F);
  for_each_stripe<Simd>(
      n, missing, [&](auto v, const auto& load) __attribute__((always_inline)) {
        sums.vectors[v] = Simd::add(sums.vectors[v], term(load));
      });
  fold_stripes<Simd, Stripes<Simd>::kVectors>(sums.vectors, [](auto a, auto b) { return Simd::add(a, b); });
  return Simd::reduce_add(sums.vectors[0]);
}

/// The largest number of a row; a NaN counts as none.
template <class Simd>
float largest_of(const float* x, int n) noexcept {
  Stripes<Simd> most;
  most.fill(-__builtin_inff());
  for_each_stripe<Simd>(
      n, -__builtin_inff(), [&](auto v, const auto& load) __attribute__((always_inline)) {
        most.vectors[v] = Simd::max(load(x), most.vectors[v]);
      });
  fold_stripes<Simd, Stripes<Simd>::kVectors>(most.vectors, [](auto a, auto b) { return Simd::max(a, b); });
  return Simd::reduce_max(most.vectors[0]);
}

template <class Simd>
float sum_of_squares(const float* x, int n) noexcept {
  return striped_sum<Simd>(
      n, 0.0F, [&](const auto& load) __attribute__((always_inline)) {
        const auto v = load(x);
        return Simd::mul(v, v);
      });
}

}  // namespace optlab::nn::detail
