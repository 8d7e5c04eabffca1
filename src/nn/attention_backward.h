#pragma once

#include <cstddef>

#include "attention/rope_table.h"
#include "core/matrix.h"
#include "nn/compute.h"

/// The gradients of causal attention for one key head of one sequence; private to this folder.
namespace optlab::nn::detail {

class AttentionBackward {
 public:
  /// `group` query heads of size d share the key head.
  AttentionBackward(int tokens, int group, int d, const attention::RopeTable& rope, const Compute& compute);

  /// Rows are tokens. `run` overwrites queries, keys and values, as RoPE left them, with their gradients before RoPE.
  struct Operands {
    MatrixView queries;       // [T, group·d]
    MatrixView keys;          // [T, d]
    MatrixView values;        // [T, d]
    ConstMatrixView doutput;  // [T, group·d]
  };

  /// Memory that `run` needs.
  std::size_t scratch_floats() const;
  void run(const Operands& operands, float* scratch) const noexcept;

 private:
  struct Buffers;
  void probabilities(const Operands& operands, const Buffers& buffers, int first, int end) const noexcept;
  void key_gradients(const Operands& operands, const Buffers& buffers, int first, int end) const noexcept;
  void product(ConstMatrixView a, ConstMatrixView b, MatrixView c, float* scratch) const noexcept;

  int tokens_;
  int group_;
  int d_;
  float scale_;
  const attention::RopeTable& rope_;
  const Compute& compute_;
  std::size_t gemm_floats_;
};

}  // namespace optlab::nn::detail
