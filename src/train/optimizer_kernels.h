#pragma once

/// What an optimizer computes element by element; private to this folder.
namespace optlab::train::detail {

/// One step's scalars of SGD with momentum.
struct SgdStep {
  float rate;
  float momentum;
  float decay;  // λ, coupled: added to the gradient as λp
};

/// One step's scalars of Adam.
struct AdamStep {
  float beta1, beta2, epsilon;
  float correction1, correction2;  // 1 - β^t
  float rate, decay;               // α, and α·λ of decoupled decay
  float coupled = 0.0F;            // λ of coupled decay: added to the gradient as λp
};

/// One ISA's operations, on n >= 0 elements; all are exact. Sums are taken in 16 stripes, by index modulo 16, as
/// attention/row_ops.h has it.
struct OptimizerKernels {
  /// p, m ← one step; m is null without momentum.
  void (*sgd)(const SgdStep& step, const float* g, int n, float* m, float* p) noexcept;
  void (*adam)(const AdamStep& step, const float* g, int n, float* m, float* v, float* p) noexcept;
  /// Σx²
  float (*sum_of_squares)(const float* x, int n) noexcept;
  /// x ← x·factor
  void (*scale)(float* x, int n, float factor) noexcept;
};

/// An exact target's table; target.cpp instantiates it.
template <class Simd>
struct OptimizerKernelsOf {
  static const OptimizerKernels kTable;
};

/// The widest that this CPU has.
const OptimizerKernels& optimizer_kernels();

}  // namespace optlab::train::detail
