#pragma once

#include "nn/row_loops.h"
#include "train/optimizer_kernels.h"

/// The operations of `OptimizerKernels`. For the ISA files only (see nn/row_loops.h).
namespace optlab::train::detail {

using nn::detail::for_each_vector;
using nn::detail::sum_of_squares;

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
void scale(float* x, int n, float factor) noexcept {
  const auto factors = Simd::broadcast(factor);
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store)
             __attribute__((always_inline)) { store(x, Simd::mul(load(x), factors)); });
}

template <class Simd>
constexpr OptimizerKernels make_optimizer_kernels() {
  return {sgd<Simd>, adam<Simd>, sum_of_squares<Simd>, scale<Simd>};
}

template <class Simd>
constinit const OptimizerKernels OptimizerKernelsOf<Simd>::kTable = make_optimizer_kernels<Simd>();

}  // namespace optlab::train::detail
