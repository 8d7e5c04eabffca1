#pragma once

#include "gemm/weight_only.h"

/// What the files of the weight-only product share; private to this folder.
namespace optlab::gemm::detail {

inline constexpr int kMostWeightPanels = 4;

/// Panels that lie `stride` bytes, their scales scale_stride floats apart.
struct WeightPanels {
  const std::byte* data;
  std::ptrdiff_t stride;
  const float* scales;
  std::ptrdiff_t scale_stride;
};

/// Rows of activations that meet a weight while it is widened, at most.
inline constexpr int kWeightRows = 4;

/// One ISA's building blocks; see Kernels.
struct WeightOnlyKernels {
  using Product = void (*)(const float* x, int depth, const WeightPanels& w, float* y) noexcept;
  int panels;  // at a time
  /// y = x · one panel; y = x · `panels` panels. depth >= 1.
  Product int8[2];
  Product int4[2];
  Product half[2];

  /// y[M,16] = x[M,depth] · one panel, for M = 2 and for M = kWeightRows; x's columns are adjacent.
  using Rows = void (*)(const ConstMatrixView& x, const WeightPanels& w, const MatrixView& y) noexcept;
  Rows int8_rows[2];
  Rows int4_rows[2];
  Rows half_rows[2];
};

/// A target's table; target.cpp instantiates it.
template <class Simd>
struct WeightOnlyKernelsOf {
  static const WeightOnlyKernels kTable;
};

}  // namespace optlab::gemm::detail
