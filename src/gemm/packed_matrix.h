#pragma once

#include "core/buffer.h"
#include "gemm/gemm.h"

namespace optlab::gemm {

/// B[K,N] copied into the order in which a rung's register tile reads it: for weights, which many products share and
/// nobody should copy again in each. Rungs with one PanelFormat share a packed matrix (`simd` and `simd_threads`).
class PackedMatrix {
 public:
  PackedMatrix() = default;
  /// Throws: std::invalid_argument for a negative extent or missing data, std::bad_alloc.
  PackedMatrix(const Variant& variant, ConstMatrixView b);

  int rows() const { return rows_; }
  int columns() const { return columns_; }
  const PanelFormat& format() const { return format_; }
  /// Whether it holds a matrix, be it an empty one.
  bool has_value() const { return has_value_; }
  bool fits(const Variant& variant) const { return has_value_ && variant.panels == format_; }
  /// What it holds, in bytes: at least 4·K·N.
  std::size_t bytes() const { return data_.size() * sizeof(float); }
  std::span<const float> data() const { return data_.span(); }

 private:
  int rows_ = 0;
  int columns_ = 0;
  PanelFormat format_;
  bool has_value_ = false;
  AlignedBuffer<float> data_;
};

/// C = activation(A·B + bias), as `multiply` in gemm.h; the bits are the same too. Throws std::invalid_argument also if
/// `b` is not packed for `variant`.
void multiply(const Variant& variant, ConstMatrixView a, const PackedMatrix& b, MatrixView c, const Epilogue& epilogue,
              Context& context);

}  // namespace optlab::gemm
