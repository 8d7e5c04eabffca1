#pragma once

/// What the files of this folder share; private to it.
namespace optlab::attention::detail {

/// One ISA's operations on a row of n elements, n >= 0; y may be x. Instantiated from row_micro_kernel.h, and reached
/// only through this table (see attention_kernels.h).
struct RowKernels {
  void (*exp)(const float* x, int n, float* y) noexcept;
  void (*tanh)(const float* x, int n, float* y) noexcept;
  void (*softmax)(const float* x, int n, float* y) noexcept;
  void (*rms_norm)(const float* x, int n, const float* weight, float epsilon, float* y) noexcept;
  void (*layer_norm)(const float* x, int n, const float* weight, const float* bias, float epsilon, float* y) noexcept;
  void (*gelu)(const float* x, int n, float* y) noexcept;
  void (*silu)(const float* x, int n, float* y) noexcept;
  /// In place; n is even.
  void (*rope)(float* x, int n, const float* cosines, const float* sines) noexcept;
};

/// The reference, row_reference.cpp.
extern const RowKernels kReferenceRowKernels;

/// An exact target's table; target.cpp instantiates it.
template <class Simd>
struct RowKernelsOf {
  static const RowKernels kTable;
};

/// The constants of GELU's argument: √(2/π) and the cubic term's coefficient.
inline constexpr float kGeluScale = 0.7978845608028654F;
inline constexpr float kGeluCubic = 0.044715F;

}  // namespace optlab::attention::detail
