#pragma once

#include <cstddef>

#include "gemm/gemm.h"

/// What the files of this folder share; private to it.
namespace optlab::gemm::detail {

// The scalar rungs, gemm_loops.cpp.
void naive(const Problem& problem, Context& context) noexcept;
void reordered(const Problem& problem, Context& context) noexcept;
void blocked(const Problem& problem, Context& context) noexcept;

/// Elements of the largest register tile there may be: the driver's buffer for edges holds one.
inline constexpr int kLargestTile = 256;

/// One ISA's building blocks, instantiated from gemm_micro_kernel.h. The driver reaches them only through this table:
/// V8 never replaces a running WebAssembly function by its optimized version, so the loop that takes the time must be a
/// function of its own that returns often, and a direct call with a single caller would be inlined into the driver.
struct Kernels {
  int rows;     // MR, rows of a register tile
  int columns;  // NR, its columns

  /// c[MR,NR] (+)= a_panel[depth,MR]ᵀ · b_panel[depth,NR]: from +0, or on from what c holds.
  void (*tile)(int depth, const float* a_panel, const float* b_panel, float* c, std::ptrdiff_t c_stride,
               bool accumulate) noexcept;
  /// A block of A as panels of MR rows, each [depth, MR]; a last panel with fewer rows is filled up with zeros.
  void (*pack_a)(const ConstMatrixView& block, float* to) noexcept;
  /// A block of B as panels of NR columns, each [depth, NR]; likewise.
  void (*pack_b)(const ConstMatrixView& block, float* to) noexcept;
  /// c = activation(c + bias) in place; bias[0] belongs to the view's first column, or is null.
  void (*finish)(const MatrixView& c, const float* bias, Activation activation) noexcept;
  /// c[1,N] = a[1,K] · b[K,N] without packing, K >= 1, B's column_stride 1: every element of B is used once, so a copy
  /// can't pay.
  void (*row)(const float* a, std::ptrdiff_t a_stride, const ConstMatrixView& b, float* c) noexcept;
};

extern const Kernels kScalarKernels;
extern const Kernels kAvx2Kernels;
extern const Kernels kFmaKernels;
extern const Kernels kNeonKernels;
extern const Kernels kNeonFmaKernels;
extern const Kernels kWasm128Kernels;
extern const Kernels kRelaxedKernels;

/// Scratch bytes that `run_packed` needs.
std::size_t packed_scratch_bytes(const Kernels& kernels, int M, int N, int K, int threads);

/// C = A·B with packed panels and `kernels`' register tiles, on at most `threads` workers of the context's pool.
void run_packed(const Kernels& kernels, const Problem& problem, Context& context, int threads) noexcept;

}  // namespace optlab::gemm::detail
