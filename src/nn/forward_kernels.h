#pragma once

/// What a transformer computes on its way forward, element by element and row by row, beside products and attention's own
/// operations; private to the library.
namespace optlab::nn::detail {

/// One ISA's operations on a row of n >= 0 elements, of passes forward; all are exact, and sums are taken in 16 stripes, by index
/// modulo 16, as attention/row_ops.h has it. Operands may be the same row where a comment says so; otherwise they must not
/// overlap. Reached only through this table, since V8 never replaces a running function by its optimized version.
struct ForwardKernels {
  /// y = a + b; y may be a or b.
  void (*add)(const float* a, const float* b, int n, float* y) noexcept;
  /// y = silu(gate)·up
  void (*swiglu)(const float* gate, const float* up, int n, float* y) noexcept;
  /// The largest x and Σ exp(x - largest).
  float (*sum_of_exponentials)(const float* x, int n, float& largest) noexcept;
};

/// An exact target's table; target.cpp instantiates it.
template <class Simd>
struct ForwardKernelsOf {
  static const ForwardKernels kTable;
};

/// The widest that this CPU has.
const ForwardKernels& forward_kernels();

}  // namespace optlab::nn::detail
