#pragma once

#include "nn/forward_kernels.h"
#include "nn/row_loops.h"
#include "simd/vector_math.h"

/// The operations of `ForwardKernels`. For the ISA files only (see row_loops.h).
namespace optlab::nn::detail {

template <class Simd>
void add(const float* a, const float* b, int n, float* y) noexcept {
  for_each_vector<Simd>(
      n, [&](const auto& load, const auto& store)
             __attribute__((always_inline)) { store(y, Simd::add(load(a), load(b))); });
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
float sum_of_exponentials(const float* x, int n, float& largest) noexcept {
  largest = largest_of<Simd>(x, n);
  const auto most = Simd::broadcast(largest);
  return striped_sum<Simd>(
      n, -__builtin_inff(), [&](const auto& load) __attribute__((always_inline)) {
        return simd::exp<Simd>(Simd::sub(load(x), most));
      });
}

template <class Simd>
constexpr ForwardKernels make_forward_kernels() {
  return {add<Simd>, swiglu<Simd>, sum_of_exponentials<Simd>};
}

template <class Simd>
constinit const ForwardKernels ForwardKernelsOf<Simd>::kTable = make_forward_kernels<Simd>();

}  // namespace optlab::nn::detail
