#pragma once

#include <cstddef>

#include "gemm/gemm.h"

/// What the files of this folder share; private to it.
namespace optlab::gemm::detail {

// The scalar rungs, gemm_loops.cpp.
void naive(const Problem& problem, const Workspace& workspace) noexcept;
void reordered(const Problem& problem, const Workspace& workspace) noexcept;
void blocked(const Problem& problem, const Workspace& workspace) noexcept;

/// The largest register tile of any ISA.
inline constexpr int kMostRows = 12;
inline constexpr int kMostVectors = 2;

/// C[rows, n] (+)= A[rows, depth] · B[depth, n], depth >= 1: from +0, or on from what C holds. A may have any strides;
/// B's and C's columns are adjacent.
using Tile = void (*)(const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& c,
                      bool accumulate) noexcept;

/// One ISA's building blocks, instantiated from gemm_micro_kernel.h. The driver reaches them only through this table:
/// V8 never replaces a running WebAssembly function by its optimized version, so the loop that takes the time must be a
/// function of its own that returns often, and a direct call with a single caller would be inlined into the driver.
struct Kernels {
  int rows;     // MR, rows of the largest register tile
  int vectors;  // its vectors of columns
  int lanes;    // columns in a vector

  /// tile[r-1][v-1] computes r rows of v vectors: an edge of C takes a smaller tile, not a padded one.
  Tile tile[kMostRows][kMostVectors];
  /// c = activation(c + bias) in place; bias[0] belongs to the view's first column, or is null.
  void (*finish)(const MatrixView& c, const float* bias, Activation activation) noexcept;
  /// c[N] = a[1,K] · B[K,N] without packing, K >= 1, B's columns adjacent: every element of B is used once, so a copy
  /// can't pay.
  void (*row)(const ConstMatrixView& a, const ConstMatrixView& b, float* c) noexcept;
  /// c[kPanels, NR] = a[1,K] · kPanels whole panels of a packed B, which lie panel_stride apart.
  void (*panels)(const ConstMatrixView& a, const float* b, std::ptrdiff_t panel_stride, float* c) noexcept;

  int columns() const { return vectors * lanes; }  // NR
};

/// Panels that `Kernels::panels` walks down together: eight vectors of sums, enough to hide the latency of an addition
/// (4 cycles, two started in each).
inline constexpr int kPanels = 4;

/// A target's table; target.cpp instantiates it.
template <class Simd>
struct KernelsOf {
  static const Kernels kTable;
};

constexpr int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

/// Where a packed B has its panels: NR columns side by side for every k, the last panel as many as it needs in whole
/// vectors, one panel after the other.
struct PanelLayout {
  int depth;
  int columns;
  int panel_columns;  // NR
  int lanes;

  int panels() const { return (columns + panel_columns - 1) / panel_columns; }
  /// Columns of B in panel p, and with the zeros that fill its last vector.
  int width(int p) const { return p + 1 < panels() ? panel_columns : columns - p * panel_columns; }
  int padded_width(int p) const { return round_up(width(p), lanes); }
  std::ptrdiff_t offset(int p) const { return static_cast<std::ptrdiff_t>(p) * panel_columns * depth; }
  std::size_t floats() const { return static_cast<std::size_t>(depth) * round_up(columns, lanes); }
};

/// Copies `block` [depth, width] to[depth, padded_width], zeros in the columns beyond `width`.
void pack(const ConstMatrixView& block, int padded_width, float* to) noexcept;

/// Scratch bytes that `run_packed` needs.
std::size_t packed_scratch_bytes(const Kernels& kernels, const Problem& problem, const Blocking& blocking, int threads);

/// C = A·B with `kernels`' register tiles, on at most `workspace.threads` workers.
void run_packed(const Kernels& kernels, const Problem& problem, const Workspace& workspace) noexcept;

}  // namespace optlab::gemm::detail
