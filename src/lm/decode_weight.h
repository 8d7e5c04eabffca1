#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/buffer.h"
#include "gemm/int8_gemm.h"
#include "gemm/packed_matrix.h"
#include "gemm/weight_only.h"
#include "lm/seven_bits.h"
#include "nn/compute.h"

namespace optlab::lm {

/// How weights are kept for decoding: float32 in GEMM's panels, or as gemm/weight_only.h has them: halves, 8 bits with a
/// scale for each output, 4 bits with a scale for each output and 32 inputs; or 8 bits with a scale for each output that
/// meet activations of 7 bits (kInt8Dot), in integers (gemm/int8_gemm.h).
enum class WeightFormat { kFloat32, kFloat16, kInt8, kInt4, kInt8Dot };

/// "f32", "fp16", "int8", "int4", "int8-dot"
std::string_view name_of(WeightFormat format);
/// Throws std::invalid_argument listing the names if there is none called `name`.
WeightFormat weight_format_named(std::string_view name);

/// What products work in; it grows as needed.
struct DecodeScratch {
  AlignedBuffer<float> expanded;          // a weight, while many rows go through
  AlignedBuffer<std::uint8_t> quantized;  // rows of activations
  AlignedBuffer<detail::SevenBits> rows;
  AlignedBuffer<std::int32_t> sums;
};

/// A copy of W[K,N] in a format, for products whose left operand has few rows.
///
/// Throws:   std::invalid_argument if a weight isn't finite (in formats other than float32), or as gemm::multiply does.
/// Numerics: float32: the bits of gemm::multiply. Others: in exact mode the bits of multiply_weight_only row by row, however
///           many rows there are. kInt8Dot: a row of x becomes q = round(x/s) + z in 0..127, s = (max(x,0) - min(x,0))/127,
///           z = round(-min(x,0)/s), quotients rounded to the nearest integer, ties to even; y[n] = (Σ_k q·w - z·Σ_k w) ·
///           (s·scale[n]), the sums in integers, each product of floats rounded: the same bits in both modes, on every ISA.
///           |y - x·W'| <= s·Σ_k|W'[k,n]|, W' the weights as kept, beside rounding. A row with a NaN or an infinity
///           gives NaNs.
/// Cost:     2·K·N FLOPs a row. From kExpandedRows rows on, W is expanded to float32 first, 4·K·N bytes of `expanded`, for
///           one GEMM (4 bits in exact mode: group by group, 128·N + 4·M·N bytes, since scales change along k); fewer rows
///           meet W in its own format, four of them at a time.
class DecodeWeight {
 public:
  /// `compute` says for which rung float32 is packed; a rung without panels reads `w` itself, which must then live on.
  DecodeWeight(ConstMatrixView w, WeightFormat format, const nn::Compute& compute);

  /// y[M,N] = x[M,K]·W
  void multiply(ConstMatrixView x, MatrixView y, const nn::Compute& compute, DecodeScratch& scratch) const;

  /// Where expanding begins to pay: 24 rows still take less without, by 1.17 (8 bits) and 1.05 (4 bits; D = 384, exact,
  /// one thread of a Xeon, though the GEMM has AVX-512 and the product with few bits AVX2).
  static constexpr int kExpandedRows = 32;

  /// What the copy holds.
  std::size_t bytes() const;

 private:
  void multiply_expanded(ConstMatrixView x, MatrixView y, const nn::Compute& compute, DecodeScratch& scratch) const;
  void multiply_groups(ConstMatrixView x, MatrixView y, const nn::Compute& compute, DecodeScratch& scratch) const;
  void multiply_quantized(ConstMatrixView x, MatrixView y, const nn::Compute& compute, DecodeScratch& scratch) const;

  ConstMatrixView original_;
  gemm::PackedMatrix packed_;
  std::optional<gemm::WeightOnlyMatrix> few_bits_;
  // kInt8Dot
  const gemm::Int8Variant* int8_variant_ = nullptr;
  gemm::PackedInt8 int8_;
  AlignedBuffer<float> int8_scales_;
};

}  // namespace optlab::lm
