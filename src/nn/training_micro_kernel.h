#pragma once

#include "nn/row_loops.h"
#include "nn/training_kernels.h"
#include "simd/vector_math.h"

/// The operations of `TrainingKernels`. For the ISA files only (see row_loops.h).
namespace optlab::nn::detail {

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
constexpr TrainingKernels make_training_kernels() {
  return {masked<Simd>,
          add_masked<Simd>,
          swiglu_backward<Simd>,
          rms_norm_backward<Simd>,
          layer_norm_backward<Simd>,
          accumulate_weight<Simd>,
          softmax_backward<Simd>,
          scaled_softmax<Simd>,
          scaled_exponentials<Simd>,
          rope_backward<Simd>};
}

template <class Simd>
constinit const TrainingKernels TrainingKernelsOf<Simd>::kTable = make_training_kernels<Simd>();

}  // namespace optlab::nn::detail
