#pragma once

#include <cstddef>
#include <cstdint>

#include "gemm/int8_gemm.h"
#include "simd/dot.h"

/// What the files of the integer product share, and the integer convolution.
namespace optlab::gemm::detail {

inline constexpr int kInt8MostRows = 12;
inline constexpr int kInt8MostVectors = 2;
/// Panels that a row's kernel walks down together; see kPanels.
inline constexpr int kInt8Panels = 4;

/// A block of A as a tile reads it: rows of whole groups of k, in the policy's own elements.
struct Int8Rows {
  const std::byte* data;
  std::ptrdiff_t stride;  // bytes
};

/// C[rows, n] = A · B over `groups` >= 1 steps of k.
using Int8Tile = void (*)(int groups, const Int8Rows& a, const std::byte* b, std::int32_t* c,
                          std::ptrdiff_t c_stride) noexcept;

/// to[rows, columns] = the bytes of sums (a dot policy's `to_bytes`); sums have room for whole vectors.
struct RequantizeBlock {
  const std::int32_t* sums;
  std::ptrdiff_t sums_stride;
  int rows;
  int columns;
  const std::int32_t* offsets;
  const float* scales;
  simd::ByteRange range;
  std::uint8_t* to;
  std::ptrdiff_t to_stride;
};

/// sums[n] = Σ_t rows[t][n]·weights[t, n]: channels that are multiplied each by itself.
struct Int8Taps {
  const std::uint8_t* const* rows;
  int count;
  const std::int16_t* weights;  // [count, columns]
  int columns;
  std::int32_t* sums;
};

/// One ISA's building blocks; see Kernels.
struct Int8Kernels {
  const char* roof;  // the policy's name
  int rows;
  int vectors;
  int lanes;
  int group;
  int a_bytes;  // of an element as the tile reads it
  int b_bytes;
  int activation_bits;
  Int8Tile tile[kInt8MostRows][kInt8MostVectors];
  /// c[kInt8Panels, NR] = a · kInt8Panels whole panels, panel_stride bytes apart.
  void (*panels)(int groups, const std::byte* a, const std::byte* b, std::ptrdiff_t panel_stride,
                 std::int32_t* c) noexcept;
  void (*requantize)(const RequantizeBlock& block) noexcept;
  void (*taps)(const Int8Taps& taps) noexcept;

  constexpr int columns() const { return vectors * lanes; }
  constexpr Int8Format format() const { return {columns(), lanes, group, b_bytes}; }
};

/// A target's table; target.cpp instantiates it.
template <class Dot>
struct Int8KernelsOf {
  static const Int8Kernels kTable;
};

/// Where PackedInt8 has its panels, in bytes.
struct Int8Layout {
  int depth;
  int columns;
  Int8Format format;

  int groups() const { return (depth + format.group - 1) / format.group; }
  int panels() const { return (columns + format.columns - 1) / format.columns; }
  int width(int p) const { return p + 1 < panels() ? format.columns : columns - p * format.columns; }
  int padded_width(int p) const { return (width(p) + format.lanes - 1) / format.lanes * format.lanes; }
  /// Bytes of one step of k in a panel of so many columns.
  std::ptrdiff_t step(int padded) const {
    return static_cast<std::ptrdiff_t>(padded) * format.group * format.element_bytes;
  }
  std::ptrdiff_t offset(int p) const { return p * step(format.columns) * groups(); }
  std::size_t bytes() const {
    return panels() == 0 ? 0
                         : static_cast<std::size_t>(offset(panels() - 1) + step(padded_width(panels() - 1)) * groups());
  }
};

/// Whether the relaxed dot product with addition is faster here than in three instructions. Measured once, in some 40 ms,
/// on first use; false where there is none.
bool int8_fused_pays();

/// For every column what is added to its sums, A's zero point and the bias, and what they are multiplied with.
void fill_requantization(const Requantization& q, int zero_point, std::span<const std::int32_t> column_sums,
                         std::int32_t* offsets, float* scales) noexcept;

void int8_naive(const Int8Problem& problem, const Workspace& workspace) noexcept;
std::size_t int8_scratch_bytes(const Int8Kernels& kernels, const Int8Problem& problem, int threads);
void run_int8(const Int8Kernels& kernels, const Int8Problem& problem, const Workspace& workspace) noexcept;

}  // namespace optlab::gemm::detail
