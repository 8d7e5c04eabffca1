#pragma once

/// What training a transformer computes beside its passes forward; private to this folder (and bindings/no_gradients.cpp).
namespace optlab::nn::detail {

/// One ISA's operations, as ForwardKernels has them. A table of its own: no page trains a transformer, so WebAssembly has it
/// compiled for size.
struct TrainingKernels {
  /// y = x·m, m = factor where kept, else 0; y may be x.
  void (*masked)(const float* x, const unsigned char* kept, int n, float factor, float* y) noexcept;
  /// y = a + x·m
  void (*add_masked)(const float* a, const float* x, const unsigned char* kept, int n, float factor, float* y) noexcept;
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
  /// y = exp(x - largest)/sum·factor; it may be x.
  void (*scaled_exponentials)(const float* x, int n, float largest, float sum, float factor, float* y) noexcept;
  /// Turns back what RoPE turned: y[2i] = x[2i]·cos - x[2i+1]·(-sin), …; in place, n even.
  void (*rope_backward)(float* x, int n, const float* cosines, const float* sines) noexcept;
};

/// An exact target's table; target.cpp instantiates it.
template <class Simd>
struct TrainingKernelsOf {
  static const TrainingKernels kTable;
};

/// The widest that this CPU has.
const TrainingKernels& training_kernels();

}  // namespace optlab::nn::detail
