#pragma once

#include <cstddef>

/// What the layers of image models do beside products and convolutions; private to this folder.
namespace optlab::nn::detail {

/// A batch normalization, one value a channel: y = max(floor, (x - mean)·scale + shift).
struct Normalization {
  const float* mean;
  const float* scale;
  const float* shift;
  float floor;  // 0: with ReLU, else -infinity
};

/// A row of a pooling's output, `columns` pixels; its windows begin at x, `stride` pixels apart.
struct PoolRow {
  const float* x;
  std::ptrdiff_t row_stride;  // of x and dx
  int channels;
  int kernel;
  int stride;
  int columns;
  const float* dy;
  bool disjoint;  // windows don't overlap: dx is written, else added to
};

/// One ISA's operations. All are exact: multiply, then add, in the order written; sums over rows are serial in as many
/// stripes as are named (row modulo stripes), from +0, then (0 + 1) + (2 + 3). Matrices are [rows, n], contiguous, rows >=
/// 1. Instantiated from layer_micro_kernel.h and reached only through this table (see gemm_kernels.h).
struct LayerKernels {
  /// sums[c] = Σ x[r,c] (one stripe), continuing from what is there.
  void (*column_sums)(const float* x, int rows, int n, float* sums) noexcept;
  /// mean[c] = Σ x[r,c] / rows, squares[c] = Σ (x[r,c] - mean[c])² (four stripes).
  void (*moments)(const float* x, int rows, int n, float* mean, float* squares) noexcept;
  void (*normalize)(const Normalization& by, const float* x, int rows, int n, float* y) noexcept;
  /// With g = dy where y > floor, else 0: sum[c] = Σ g, product[c] = Σ g·(x - mean) (two stripes).
  void (*normalize_sums)(const Normalization& by, const float* x, const float* dy, int rows, int n, float* sum,
                         float* product) noexcept;
  /// dx = scale·((g - subtrahend) - (x - mean)·slope); dx may be dy.
  void (*normalize_backward)(const Normalization& by, const float* x, const float* dy, const float* subtrahend,
                             const float* slope, int rows, int n, float* dx) noexcept;
  /// y = max(0, x); a NaN stays one.
  void (*relu)(const float* x, int n, float* y) noexcept;
  /// dx = dy where y > 0, else +0; dx may be dy.
  void (*relu_backward)(const float* y, const float* dy, int n, float* dx) noexcept;
  void (*max_pool)(const PoolRow& row, float* y) noexcept;
  /// dy goes to the first of the window's largest values.
  void (*max_pool_backward)(const PoolRow& row, const float* y, float* dx) noexcept;
};

/// The derivatives of attention::gelu and silu; dx may be dy. A table of their own, so that a program without these layers
/// is without them.
struct ActivationKernels {
  void (*gelu_backward)(const float* x, const float* dy, int n, float* dx) noexcept;
  void (*silu_backward)(const float* x, const float* dy, int n, float* dx) noexcept;
};

/// An exact target's tables; target.cpp instantiates them.
template <class Simd>
struct LayerKernelsOf {
  static const LayerKernels kTable;
};
template <class Simd>
struct ActivationKernelsOf {
  static const ActivationKernels kTable;
};

/// The widest that this CPU has.
const LayerKernels& layer_kernels();
const ActivationKernels& activation_kernels();

}  // namespace optlab::nn::detail
