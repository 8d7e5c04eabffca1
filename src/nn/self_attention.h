#pragma once

#include <string>

#include "attention/heads.h"
#include "attention/rope_table.h"
#include "core/rng.h"
#include "nn/layer.h"

namespace optlab::nn {

struct AttentionSizes {
  int size;      // D, of a token's vector
  int heads;     // H query heads
  int kv_heads;  // G key and value heads; G divides H
  int positions;

  int head_size() const { return size / heads; }
  /// Columns of the joint projection: queries, keys, values.
  int projected() const { return (heads + 2 * kv_heads) * head_size(); }
};

/// Causal self-attention with rotary positions and grouped-query heads:
/// [q k v] = x·W;  q, k turned by their positions;  a = softmax(q·kᵀ/√d)·v head by head;  y = a·O.
///
/// Shapes:   x and y [B,T,D], 1 <= T <= positions; W [D, (H+2G)·d] with all query heads, then keys, then values; O
///           [H·d, D]; d = D/H is even.
/// Numerics: exact with an exact variant: backward computes the forward's probabilities again, bit for bit, and every
///           gradient is one contraction over ascending (token, head).
/// Cost:     forward 2·D·(H+2G)·d + 2·D² FLOPs a token and attention's own (attention.h); backward twice and 2.5 times
///           that. Training keeps (2H+2G)·d floats a token, which backward overwrites; backward needs 2·(H/G)·T² floats a
///           thread.
/// Source:   Vaswani et al., "Attention Is All You Need", 2017; Su et al., "RoFormer", 2021; Ainslie et al., "GQA", 2023.
class SelfAttention final : public Layer {
 public:
  /// Zero weights. Throws std::invalid_argument naming the layer unless H divides D, G divides H, D/H is even and
  /// positions is 1 to 8192.
  SelfAttention(std::string name, const AttentionSizes& sizes);

  /// Normal weights of deviation 1/(2√D), the second `output_scale` times that.
  void initialize(const Rng& joint, const Rng& output, float output_scale);

  std::string_view kind() const override { return "SelfAttention"; }
  Shape output_shape(const Shape& x) const override;
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
  std::vector<Parameter*> parameters() override { return {&joint_, &output_}; }

  const AttentionSizes& sizes() const { return sizes_; }

  /// The steps of `forward` one by one, for whoever keeps keys and values. All views are [rows, columns].
  /// `to` [T, (H+2G)·d] = x·W, queries and keys turned by positions first_position, first_position + 1, ….
  void project(ConstMatrixView x, int first_position, MatrixView to, const Compute& compute) const;
  /// Its second half, for whoever multiplies otherwise: turns the queries and keys of `projected`, in place.
  void rotate(MatrixView projected, int first_position, const Compute& compute) const;
  attention::Heads queries(MatrixView projected) const;
  attention::Heads keys(MatrixView projected) const;
  attention::Heads values(MatrixView projected) const;
  /// y [T,D] = a [T,H·d]·O
  void finish(ConstMatrixView a, MatrixView y, const Compute& compute) const;

 private:
  void attend(MatrixView projected, MatrixView to, const Compute& compute) const;
  void backward_heads(int batch, int tokens, MatrixView projected, ConstMatrixView da, const Pass& pass);

  AttentionSizes sizes_;
  Parameter joint_;   // [D, (H+2G)·d]
  Parameter output_;  // [H·d, D]
  attention::RopeTable rope_;
  Tensor projected_;  // [rows, (H+2G)·d]
  Tensor attended_;   // [rows, H·d]
  AlignedBuffer<float> scratch_;
};

}  // namespace optlab::nn
