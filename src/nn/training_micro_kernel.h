#pragma once

#include "nn/training_kernels.h"
#include "simd/unroll.h"
#include "simd/vector_math.h"

/// The operations of `OptimizerKernels` and `TrainingKernels`, written once over a SIMD policy. For the ISA files only: everything is a template
/// over the policy, so that none of it can end up in another file's baseline.
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
void sgd(const SgdStep& s, const float* g, int n, float* m, float* p) noexcept {
  const auto rate = Simd::broadcast(s.rate), momentum = Simd::broadcast(s.momentum), decay = Simd::broadcast(s.decay);
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store) __attribute__((always_inline)) {
        const auto value = load(p);
        auto direction = Simd::add(load(g), Simd::mul(decay, value));
        if (m != nullptr) {
          direction = Simd::add(Simd::mul(momentum, load(m)), direction);
          store(m, direction);
        }
        store(p, Simd::sub(value, Simd::mul(rate, direction)));
      });
}

template <class Simd>
void adam(const AdamStep& s, const float* g, int n, float* m, float* v, float* p) noexcept {
  const auto all = [](float value) { return Simd::broadcast(value); };
  const auto beta1 = all(s.beta1), rest1 = all(1.0F - s.beta1), beta2 = all(s.beta2), rest2 = all(1.0F - s.beta2);
  const auto correction1 = all(s.correction1), correction2 = all(s.correction2), epsilon = all(s.epsilon);
  const auto rate = all(s.rate), decay = all(s.decay), coupled = all(s.coupled);
  const bool couples = s.coupled != 0.0F;  // an addition of +0 would turn -0 around, and golden digests with it
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store) __attribute__((always_inline)) {
        const auto value = load(p);
        auto gradient = load(g);
        if (couples) gradient = Simd::add(gradient, Simd::mul(coupled, value));
        const auto first = Simd::add(Simd::mul(beta1, load(m)), Simd::mul(rest1, gradient));
        const auto second = Simd::add(Simd::mul(beta2, load(v)), Simd::mul(rest2, Simd::mul(gradient, gradient)));
        store(m, first);
        store(v, second);
        const auto root = Simd::add(Simd::sqrt(Simd::div(second, correction2)), epsilon);
        const auto direction = Simd::div(Simd::div(first, correction1), root);
        store(p, Simd::sub(value, Simd::add(Simd::mul(rate, direction), Simd::mul(decay, value))));
      });
}

template <class Simd>
float sum_of_squares(const float* x, int n) noexcept {
  return striped_sum<Simd>(
      n, 0.0F, [&](const auto& load) __attribute__((always_inline)) {
        const auto v = load(x);
        return Simd::mul(v, v);
      });
}

template <class Simd>
void scale(float* x, int n, float factor) noexcept {
  const auto factors = Simd::broadcast(factor);
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store)
             __attribute__((always_inline)) { store(x, Simd::mul(load(x), factors)); });
}

template <class Simd>
void add(const float* a, const float* b, int n, float* y) noexcept {
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store)
             __attribute__((always_inline)) { store(y, Simd::add(load(a), load(b))); });
}

// The two loops with masks are left to the compiler, which has instructions for widening bytes where a policy has none.
template <class Simd>
void masked(const float* x, const unsigned char* kept, int n, float factor, float* y) noexcept {
  for (int i = 0; i < n; ++i) y[i] = x[i] * (kept[i] != 0 ? factor : 0.0F);
}

template <class Simd>
void add_masked(const float* a, const float* x, const unsigned char* kept, int n, float factor, float* y) noexcept {
  for (int i = 0; i < n; ++i) y[i] = a[i] + x[i] * (kept[i] != 0 ? factor : 0.0F);
}

/// 1 / (1 + exp(-x))
template <class Simd>
[[gnu::always_inline]] inline typename Simd::F32 sigmoid(typename Simd::F32 x) {
  const auto one = Simd::broadcast(1.0F);
  return Simd::div(one, Simd::add(one, simd::exp<Simd>(Simd::sub(Simd::zero(), x))));
}

template <class Simd>
void swiglu(const float* gate, const float* up, int n, float* y) noexcept {
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store) __attribute__((always_inline)) {
        const auto g = load(gate);
        const auto grown = Simd::add(Simd::broadcast(1.0F), simd::exp<Simd>(Simd::sub(Simd::zero(), g)));
        store(y, Simd::mul(Simd::div(g, grown), load(up)));  // silu as attention::silu has it
      });
}

template <class Simd>
void swiglu_backward(const float* gate, const float* up, const float* dy, int n, float* dgate, float* dup) noexcept {
  const auto one = Simd::broadcast(1.0F);
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store) __attribute__((always_inline)) {
        const auto g = load(gate), u = load(up), d = load(dy);
        const auto s = sigmoid<Simd>(g);
        // silu'(g) = s·(1 + g·(1 - s))
        const auto slope = Simd::mul(s, Simd::add(one, Simd::mul(g, Simd::sub(one, s))));
        store(dgate, Simd::mul(Simd::mul(d, u), slope));
        store(dup, Simd::mul(d, Simd::mul(g, s)));
      });
}

/// 1 / √(squares/n + epsilon)
template <class Simd>
float inverse_root(float squares, int n, float epsilon) noexcept {
  const auto variance = Simd::broadcast(squares / static_cast<float>(n) + epsilon);
  float lanes[Simd::kLanes];
  Simd::store(lanes, Simd::div(Simd::broadcast(1.0F), Simd::sqrt(variance)));
  return lanes[0];
}

template <class Simd>
float rms_norm_backward(const float* x, const float* weight, const float* dy, int n, float epsilon,
                        float* dx) noexcept {
  const float r = inverse_root<Simd>(sum_of_squares<Simd>(x, n), n, epsilon);
  if (dx == nullptr) return r;
  const float dot = striped_sum<Simd>(
      n, 0.0F, [&](const auto& load) __attribute__((always_inline)) {
        return Simd::mul(Simd::mul(load(dy), load(weight)), load(x));
      });
  // dx = r·(w·dy) - x·r³/n·Σ(w·dy·x)
  const auto rs = Simd::broadcast(r), along = Simd::broadcast(r * r * r * (dot / static_cast<float>(n)));
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store) __attribute__((always_inline)) {
        const auto through = Simd::mul(rs, Simd::mul(load(dy), load(weight)));
        store(dx, Simd::sub(through, Simd::mul(load(x), along)));
      });
  return r;
}

template <class Simd>
float layer_norm_backward(const float* x, const float* weight, const float* dy, int n, float epsilon, float* dx,
                          float& mean) noexcept {
  const auto count = static_cast<float>(n);
  mean = striped_sum<Simd>(
             n, 0.0F, [&](const auto& load) __attribute__((always_inline)) { return load(x); }) /
         count;
  const auto means = Simd::broadcast(mean);
  const float squares = striped_sum<Simd>(
      n, mean, [&](const auto& load) __attribute__((always_inline)) {
        const auto centred = Simd::sub(load(x), means);
        return Simd::mul(centred, centred);
      });
  const float r = inverse_root<Simd>(squares, n, epsilon);
  if (dx == nullptr) return r;
  const float sum = striped_sum<Simd>(
      n, 0.0F, [&](const auto& load) __attribute__((always_inline)) { return Simd::mul(load(dy), load(weight)); });
  const float dot = striped_sum<Simd>(
      n, 0.0F, [&](const auto& load) __attribute__((always_inline)) {
        return Simd::mul(Simd::mul(load(dy), load(weight)), Simd::sub(load(x), means));
      });
  // dx = r·(w·dy - Σ(w·dy)/n - (x - mean)·r²/n·Σ(w·dy·(x - mean)))
  const auto rs = Simd::broadcast(r), shift = Simd::broadcast(sum / count),
             along = Simd::broadcast(r * r * (dot / count));
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store) __attribute__((always_inline)) {
        const auto through = Simd::sub(Simd::mul(load(dy), load(weight)), shift);
        store(dx, Simd::mul(rs, Simd::sub(through, Simd::mul(Simd::sub(load(x), means), along))));
      });
  return r;
}

template <class Simd>
void accumulate_weight(const float* dy, const float* x, float mean, float r, int n, float* dw) noexcept {
  const auto rs = Simd::broadcast(r), means = Simd::broadcast(mean);
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store) __attribute__((always_inline)) {
        store(dw, Simd::add(load(dw), Simd::mul(load(dy), Simd::mul(Simd::sub(load(x), means), rs))));
      });
}

template <class Simd>
void softmax_backward(const float* p, const float* dp, int n, float scale, float* dscores) noexcept {
  const float dot = striped_sum<Simd>(
      n, 0.0F, [&](const auto& load) __attribute__((always_inline)) { return Simd::mul(load(p), load(dp)); });
  const auto dots = Simd::broadcast(dot), scales = Simd::broadcast(scale);
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store) __attribute__((always_inline)) {
        store(dscores, Simd::mul(Simd::mul(load(p), Simd::sub(load(dp), dots)), scales));
      });
}

template <class Simd>
float sum_of_exponentials(const float* x, int n, float& largest) noexcept {
  largest = largest_of<Simd>(x, n);
  const auto most = Simd::broadcast(largest);
  return striped_sum<Simd>(
      n, -__builtin_inff(), [&](const auto& load) __attribute__((always_inline)) {
        return simd::exp<Simd>(Simd::sub(load(x), most));
      });
}

template <class Simd>
void scaled_exponentials(const float* x, int n, float largest, float sum, float factor, float* y) noexcept {
  const auto most = Simd::broadcast(largest), sums = Simd::broadcast(sum), factors = Simd::broadcast(factor);
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store) __attribute__((always_inline)) {
        store(y, Simd::mul(Simd::div(simd::exp<Simd>(Simd::sub(load(x), most)), sums), factors));
      });
}

template <class Simd>
void scaled_softmax(const float* x, int n, float factor, float* y) noexcept {
  const auto factors = Simd::broadcast(factor);
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store)
             __attribute__((always_inline)) { store(y, Simd::mul(load(x), factors)); });
  const auto most = Simd::broadcast(largest_of<Simd>(y, n));
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store)
             __attribute__((always_inline)) { store(y, simd::exp<Simd>(Simd::sub(load(y), most))); });
  const float sum = striped_sum<Simd>(
      n, 0.0F, [&](const auto& load) __attribute__((always_inline)) { return load(y); });
  const auto sums = Simd::broadcast(sum);
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store)
             __attribute__((always_inline)) { store(y, Simd::div(load(y), sums)); });
}

template <class Simd>
void rope_backward(float* x, int n, const float* cosines, const float* sines) noexcept {
  if constexpr (Simd::kLanes == 1) {
    for (int i = 0; i < n; i += 2) {
      const float even = x[i], odd = x[i + 1];
      x[i] = even * cosines[i] - odd * sines[i];
      x[i + 1] = odd * cosines[i + 1] - even * sines[i + 1];
    }
  } else {
    for_each_vector<Simd>(
        n, [&](const auto& load, const auto& store) __attribute__((always_inline)) {
          const auto v = load(x);
          store(x, Simd::sub(Simd::mul(v, load(cosines)), Simd::mul(Simd::swap_pairs(v), load(sines))));
        });
  }
}

template <class Simd>
constexpr OptimizerKernels make_optimizer_kernels() {
  return {sgd<Simd>, adam<Simd>, sum_of_squares<Simd>, scale<Simd>};
}

template <class Simd>
constexpr TrainingKernels make_training_kernels() {
  return {add<Simd>,
          masked<Simd>,
          add_masked<Simd>,
          swiglu<Simd>,
          swiglu_backward<Simd>,
          rms_norm_backward<Simd>,
          layer_norm_backward<Simd>,
          accumulate_weight<Simd>,
          softmax_backward<Simd>,
          scaled_softmax<Simd>,
          sum_of_exponentials<Simd>,
          scaled_exponentials<Simd>,
          rope_backward<Simd>};
}

template <class Simd>
constinit const OptimizerKernels OptimizerKernelsOf<Simd>::table = make_optimizer_kernels<Simd>();
template <class Simd>
constinit const TrainingKernels TrainingKernelsOf<Simd>::table = make_training_kernels<Simd>();

}  // namespace optlab::nn::detail
