#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/rng.h"
#include "nn/layer.h"

namespace optlab::nn {

/// y[i] = E[id i], and the same matrix as a model's output: logits = x·Eᵀ. No Layer, since its input is integers.
///
/// Shapes:   E [V,D]; N ids give y [N,D]; x [N,D] gives logits [N,V].
/// Throws:   std::invalid_argument naming the embedding if a shape is wrong or an id isn't in [0, V).
/// Numerics: exact with an exact variant; gradients add over ascending rows.
/// Cost:     a look-up copies; logits take 2·N·V·D FLOPs, their backward twice that.
/// Source:   Press and Wolf, "Using the Output Embedding to Improve Language Models", 2017.
class Embedding {
 public:
  /// Zero. Throws std::invalid_argument unless both are >= 1.
  Embedding(const std::string& name, int vocab, int size);

  int vocab() const { return table_.value.shape()[0]; }
  int size() const { return table_.value.shape()[1]; }
  Parameter& table() { return table_; }
  const Parameter& table() const { return table_; }
  /// E ~ normal(0, deviation²)
  void initialize(const Rng& rng, float deviation);

  void look_up(std::span<const std::int32_t> ids, MatrixView y, const Compute& compute) const;
  void logits(ConstMatrixView x, MatrixView logits, const Compute& compute) const;

  /// From dlogits: overwrites the gradient of E, and dx.
  void logits_backward(ConstMatrixView x, ConstMatrixView dlogits, MatrixView dx, const Compute& compute);
  /// Adds dy to the gradient's rows; after logits_backward, or after `clear_gradient`.
  void look_up_backward(std::span<const std::int32_t> ids, ConstMatrixView dy, const Compute& compute);
  void clear_gradient();

 private:
  void check(std::string_view operand, int rows, int columns, int want_rows, int want_columns) const;
  void check_ids(std::span<const std::int32_t> ids) const;

  Parameter table_;
};

}  // namespace optlab::nn
