#pragma once

/// What training computes element by element and row by row beside products and attention's own operations; private to
/// this folder.
namespace optlab::nn::detail {

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

/// One ISA's operations of an optimizer, on n >= 0 elements; all are exact. A table of its own, so that WebAssembly that
/// trains no transformer holds no more than this. Sums are taken in 16 stripes, by index modulo 16, as
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

/// One ISA's operations on a row of n >= 0 elements; all are exact, sums in stripes too. Operands may be the same row where
/// a comment says so; otherwise they must not overlap. Reached only through this table, since V8 never replaces a running
/// function by its optimized version.
struct TrainingKernels {
  /// y = a + b; y may be a or b.
  void (*add)(const float* a, const float* b, int n, float* y) noexcept;
  /// y = x·m, m = factor where kept, else 0; y may be x.
  void (*masked)(const float* x, const unsigned char* kept, int n, float factor, float* y) noexcept;
  /// y = a + x·m
  void (*add_masked)(const float* a, const float* x, const unsigned char* kept, int n, float factor, float* y) noexcept;
  /// y = silu(gate)·up
  void (*swiglu)(const float* gate, const float* up, int n, float* y) noexcept;
  /// dgate = dy·up·silu'(gate), dup = dy·silu(gate); they may be gate and up.
  void (*swiglu_backward)(const float* gate, const float* up, const float* dy, int n, float* dgate,
                          float* dup) noexcept;
  /// dx of y = x·r·weight, r = 1/√(Σx²/n + epsilon); returns r. dx may be null, or dy.
  float (*rms_norm_backward)(const float* x, const float* weight, const float* dy, int n, float epsilon,
                             float* dx) noexcept;
  /// dx of y = (x - mean)·r·weight + bias; returns r and the mean. dx may be null, or dy.
  float (*layer_norm_backward)(const float* x, const float* weight, const float* dy, int n, float epsilon, float* dx,
                               float& mean) noexcept;
  /// dw += dy·((x - mean)·r)
  void (*accumulate_weight)(const float* dy, const float* x, float mean, float r, int n, float* dw) noexcept;
  /// dscores = p·(dp - Σ p·dp)·scale; it may be dp.
  void (*softmax_backward)(const float* p, const float* dp, int n, float scale, float* dscores) noexcept;
  /// y = softmax(x·scale); it may be x.
  void (*scaled_softmax)(const float* x, int n, float scale, float* y) noexcept;
  /// The largest x and Σ exp(x - largest).
  float (*sum_of_exponentials)(const float* x, int n, float& largest) noexcept;
  /// y = exp(x - largest)/sum·factor; it may be x.
  void (*scaled_exponentials)(const float* x, int n, float largest, float sum, float factor, float* y) noexcept;
  /// Turns back what RoPE turned: y[2i] = x[2i]·cos - x[2i+1]·(-sin), …; in place, n even.
  void (*rope_backward)(float* x, int n, const float* cosines, const float* sines) noexcept;
};

/// An exact target's tables; isa.cpp instantiates them.
template <class Simd>
struct OptimizerKernelsOf {
  static const OptimizerKernels table;
};
template <class Simd>
struct TrainingKernelsOf {
  static const TrainingKernels table;
};

/// The widest that this CPU has.
const OptimizerKernels& optimizer_kernels();
const TrainingKernels& training_kernels();

}  // namespace optlab::nn::detail
