#pragma once

#include <cstddef>
#include <cstdint>

#include "sparse/sparse.h"

/// What the files of this folder share; private to it.
namespace optlab::sparse::detail {

/// A panel's stored blocks.
struct Panel {
  const std::int32_t* indices = nullptr;  // the first k of each
  const float* values = nullptr;
  int blocks = 0;
};

/// Panels that a mat-vec walks down together: as many independent chains of additions hide their latency (4 cycles).
inline constexpr int kChains = 4;

/// sums[kChains, columns] of the panels, from +0, x adjacent. Reads x[k] of stored blocks only, for 4x4 blocks up to the
/// next multiple of four.
using Row = void (*)(const Panel* panels, const float* x, float* sums) noexcept;

/// sums[columns, R] = panelᵀ · a[K, R] from +0, R whole vectors of rows of A side by side; the panel has a block at least.
using Tile = void (*)(const Panel& panel, const float* a, float* sums) noexcept;

inline constexpr int kFormatCount = 3;
inline constexpr int kMostVectors = 8;
inline constexpr int kMostLanes = 16;

/// One ISA's building blocks, instantiated from sparse_micro_kernel.h and called through this table only (V8's tier trap,
/// see ARCHITECTURE.md).
struct Kernels {
  int lanes;
  /// The most vectors of rows that a tile holds in registers, by format.
  int vectors[kFormatCount];
  Row row[kFormatCount];
  /// tile[format][v-1] takes v vectors of rows.
  Tile tile[kFormatCount][kMostVectors];
};

/// A target's table; target.cpp instantiates it.
template <class Simd>
struct KernelsOf {
  static const Kernels kTable;
};

/// The reference.
void naive(const Problem& problem, const gemm::Workspace& workspace) noexcept;

/// Scratch bytes that `run_panels` needs.
std::size_t panel_scratch_bytes(const Kernels& kernels, const Problem& problem, int threads);

/// C = A·W with `kernels`, on at most `workspace.threads` workers.
void run_panels(const Kernels& kernels, const Problem& problem, const gemm::Workspace& workspace) noexcept;

// Moving data in and out of the order of use, sparse_pack.cpp; one version serves every ISA.

/// Aᵀ: rows of A side by side for every k: to[depth, width], zeros beyond A's rows and columns.
void pack_rows(const ConstMatrixView& a, int width, int depth, float* to) noexcept;

/// c = activation(sumsᵀ + bias), sums[c.columns, width], width >= c.rows. bias[0] belongs to c's first column, or is null.
void store_transposed(const float* sums, int width, const MatrixView& c, const float* bias,
                      gemm::Activation activation) noexcept;

/// The same for one row of C: c[count] = activation(sums[count] + bias[count]).
void store_row(const float* sums, int count, float* c, const float* bias, gemm::Activation activation) noexcept;

}  // namespace optlab::sparse::detail
