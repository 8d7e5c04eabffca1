#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/buffer.h"
#include "core/matrix.h"
#include "gemm/gemm.h"

/// Products of float32 activations with weights kept in 16, 8 or 4 bits: for decoding, where a few rows of activations meet
/// all weights and reading or widening them is what takes the time.
namespace optlab::gemm {

/// Columns of a panel's step, the same in every build, so that a packed matrix is too.
inline constexpr int kWeightColumns = 16;
/// Values of k that share a scale in four bits.
inline constexpr int kInt4Group = 32;

/// W[K,N] in few bits.
///   16 bits: w ≈ h·2^-s, h the nearest half (core/float16.h) of w·2^s, s the largest for which all are finite, but at
///            least -15: a matrix of halves below 64 keeps every bit.
///   8 bits: w ≈ q·scale[n], q in -127..127, scale[n] = max_k |w| / 127.
///   4 bits: w ≈ q·scale[g,n], q in -8..7 for each group g of 32 values of k, scale = the value of largest magnitude / -8.
/// The quotients w/scale are rounded to the nearest integer, ties to even. A column or group of zeros has scale 0.
class WeightOnlyMatrix {
 public:
  /// Throws: std::invalid_argument unless bits is 4, 8 or 16 and w has data, finite throughout (as halves too); std::bad_alloc.
  WeightOnlyMatrix(ConstMatrixView w, int bits);

  int rows() const { return rows_; }
  int columns() const { return columns_; }
  int bits() const { return bits_; }
  /// What it holds, scales included.
  std::size_t bytes() const { return data_.size() + sizeof(float) * scales_.size(); }
  /// The weight that (k, n) stands for.
  float value(int k, int n) const;
  /// At 8 bits: the q of (k, n).
  std::int8_t integer(int k, int n) const { return static_cast<std::int8_t>(quantized(k, n)); }
  /// Panels [first, end) as float32 to `to` [K,N], for a product of many rows: the weights at 16 and 4 bits, at 8 bits q,
  /// which a column's scale is still to be multiplied with.
  void expand(int first, int end, MatrixView to) const noexcept;
  /// At 4 bits: the same of q alone, and of one group of k: to [at most kInt4Group, N].
  void expand_group(int group, int first, int end, MatrixView to) const noexcept;

  // For the kernels. Panel p (16 columns) begins at data() + p·panel_bytes() and scales() + p·panel_scales(); columns
  // beyond N are zeros.
  const std::byte* data() const { return data_.data(); }
  const float* scales() const { return scales_.data(); }
  int panels() const { return (columns_ + kWeightColumns - 1) / kWeightColumns; }
  /// Scales of a column.
  int groups() const {
    if (bits_ == 16) return 0;
    return bits_ == 8 ? 1 : (rows_ + kInt4Group - 1) / kInt4Group;
  }
  std::ptrdiff_t panel_bytes() const {
    return bits_ == 4 ? std::ptrdiff_t{kWeightColumns} * groups() * (kInt4Group / 2)
                      : std::ptrdiff_t{kWeightColumns} * rows_ * (bits_ / 8);
  }
  std::ptrdiff_t panel_scales() const { return std::ptrdiff_t{kWeightColumns} * groups(); }

 private:
  void quantize(ConstMatrixView w);
  void halve(ConstMatrixView w);
  int quantized(int k, int n) const;
  void store(int k, int n, int q);

  int rows_;
  int columns_;
  int bits_;
  AlignedBuffer<std::byte> data_;
  AlignedBuffer<float> scales_;
};

struct WeightOnlyVariant : Row {
  void (*run)(const ConstMatrixView& x, const WeightOnlyMatrix& w, const MatrixView& y, const Workspace&) noexcept;
};

/// Slowest first; the first is the reference.
std::span<const WeightOnlyVariant> weight_only_variants();
/// Throws std::invalid_argument listing the names if there is none called `name`, or this CPU doesn't support it.
const WeightOnlyVariant& weight_only_variant(std::string_view name);
const WeightOnlyVariant& best_weight_only(Mode mode, int threads);

/// y[M,N] = x[M,K] · W.
///
/// Throws:   std::invalid_argument if the sizes disagree, or columns of x or y aren't adjacent.
/// Numerics: 16 bits: Σ_k x[k]·w[k,n]; 8 bits: (Σ_k x[k]·q[k,n]) · scale[n]; 4 bits: Σ_g (Σ_{k in g} x[k]·q[k,n]) ·
///           scale[g,n]. A row's bits are the same whatever rows are beside it. Exact rungs: every sum from +0 by ascending k or g, product and sum each rounded once: the same bits on every ISA and number
///           of threads. Fast rungs fuse: |error| <= 2·(K + groups)·eps·Σ|x·q·scale|.
/// Cost:     2·M·K·N FLOPs; W, K·N·bits/8 bytes, is read from memory once and widened once for four rows.
/// Source:   the 4-bit form is that of llama.cpp's Q4_0 (Gerganov et al., 2023).
void multiply_weight_only(const WeightOnlyVariant& variant, ConstMatrixView x, const WeightOnlyMatrix& w, MatrixView y,
                          Context& context);
/// One row.
void multiply_weight_only(const WeightOnlyVariant& variant, std::span<const float> x, const WeightOnlyMatrix& w,
                          std::span<float> y, Context& context);

}  // namespace optlab::gemm
