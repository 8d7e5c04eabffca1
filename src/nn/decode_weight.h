#pragma once

#include <optional>
#include <string_view>

#include "core/buffer.h"
#include "gemm/packed_matrix.h"
#include "gemm/weight_only.h"
#include "nn/compute.h"

namespace optlab::nn {

/// How weights are kept for decoding: float32 in GEMM's panels, or as gemm/weight_only.h has them: halves, 8 bits with a
/// scale for each output, 4 bits with a scale for each output and 32 inputs.
enum class WeightFormat { kFloat32, kFloat16, kInt8, kInt4 };

/// "f32", "fp16", "int8", "int4"
std::string_view name_of(WeightFormat format);
/// Throws std::invalid_argument listing the names if there is none called `name`.
WeightFormat weight_format_named(std::string_view name);

/// A copy of W[K,N] in a format, for products whose left operand has few rows.
///
/// Throws:   std::invalid_argument if a weight isn't finite (in formats other than float32), or as gemm::multiply does.
/// Numerics: float32: the bits of gemm::multiply. Others: in exact mode the bits of multiply_weight_only row by row, however
///           many rows there are.
/// Cost:     2·K·N FLOPs a row. From kExpandedRows rows on, halves and 8 bits are expanded to float32 first, 4·K·N bytes of
///           `expanded`, for one GEMM; fewer rows, and 4 bits, read W for each row.
class DecodeWeight {
 public:
  /// `compute` says for which rung float32 is packed; a rung without panels reads `w` itself, which must then live on.
  DecodeWeight(ConstMatrixView w, WeightFormat format, const Compute& compute);

  /// y[M,N] = x[M,K]·W; `expanded` is memory to work in, which grows as needed.
  void multiply(ConstMatrixView x, MatrixView y, const Compute& compute, AlignedBuffer<float>& expanded) const;

  /// Where expanding begins to pay: 10 rows take as long either way (D = 256, exact, one thread of a Xeon with AVX2).
  static constexpr int kExpandedRows = 12;

  /// What the copy holds.
  std::size_t bytes() const;

 private:
  void multiply_expanded(ConstMatrixView x, MatrixView y, const Compute& compute, AlignedBuffer<float>& expanded) const;

  ConstMatrixView original_;
  gemm::PackedMatrix packed_;
  std::optional<gemm::WeightOnlyMatrix> few_bits_;
};

}  // namespace optlab::nn
