#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/rng.h"
#include "core/tensor.h"
#include "gemm/gemm.h"
#include "gemm/packed_matrix.h"
#include "nn/compute.h"

namespace optlab::nn {

/// y[B,O] = activation(x[B,I] · W[I,O] + b[O])
///
/// W is stored [in, out] row-major, so that x·W is one GEMM on plain views and its transposed uses are views too.
/// Throws:   std::invalid_argument naming the layer and the operand whose shape is wrong.
/// Numerics: exact with an exact variant: every gradient element is one GEMM element or one sum over ascending rows, so
///           no result depends on the number of threads. A row of y does not depend on the batch.
/// Cost:     forward 2·B·I·O FLOPs; backward twice that (without dx: the same).
class Linear {
 public:
  /// Zero weights and bias. Throws std::invalid_argument unless 1 <= inputs, outputs and inputs*outputs <= 2^31-1.
  Linear(std::string name, int inputs, int outputs);

  const std::string& name() const { return name_; }
  int inputs() const { return inputs_; }
  int outputs() const { return outputs_; }
  /// To write through: forgets what `prepare` packed.
  std::span<float> weight() {
    packed_ = {};
    return weight_.values();
  }
  std::span<const float> weight() const { return weight_.values(); }
  std::span<float> bias() { return bias_.values(); }
  std::span<const float> bias() const { return bias_.values(); }

  /// W ~ uniform(±sqrt(6/I)), b = 0: keeps the variance of activations through ReLU layers.
  /// Source: He, Zhang, Ren and Sun, "Delving Deep into Rectifiers", 2015.
  void initialize(const Rng& rng);

  /// Packs the weights for `variant`, so that forward passes with it needn't; the results keep their bits. Keeps a packing
  /// that fits. Throws std::bad_alloc.
  void prepare(const gemm::Variant& variant);
  /// Bytes that `prepare` holds beside the weights themselves.
  std::size_t packed_bytes() const { return packed_.bytes(); }

  void forward(ConstMatrixView x, MatrixView y, gemm::Activation activation, const Compute& compute) const;

  struct Gradient {
    MatrixView weight;      // [I,O]
    std::span<float> bias;  // [O]
  };
  /// From dy = ∂L/∂(x·W + b):  dW = xᵀ·dy,  db = Σ_rows dy,  dx = dy·Wᵀ (where `dx` is not null). Overwrites its
  /// outputs.
  void backward(ConstMatrixView x, ConstMatrixView dy, const Gradient& gradient, const MatrixView* dx,
                const Compute& compute) const;

 private:
  void check(std::string_view operand, int rows, int columns, int want_rows, int want_columns) const;

  std::string name_;
  int inputs_;
  int outputs_;
  Tensor weight_;
  Tensor bias_;
  gemm::PackedMatrix packed_;
};

/// dz = dy where y = max(z, 0) is positive, else +0; in place. Throws std::invalid_argument if the shapes differ.
void relu_backward(ConstMatrixView y, MatrixView dy);

/// The mean over rows of -log softmax(z)[label]; writes its gradient, (softmax(z) - onehot(label)) / B, if `gradient`
/// isn't null.
///
/// Throws:   std::invalid_argument if the shapes differ, B is 0 or a label isn't a column.
/// Numerics: exact mode: the row's maximum, then exp(z - max) summed over ascending columns; rows are summed in
///           float64, ascending.
double softmax_cross_entropy(ConstMatrixView logits, std::span<const std::uint8_t> labels, const MatrixView* gradient);

/// The column of the row's largest value; the lowest one on ties. A NaN loses against every number.
int argmax(std::span<const float> row);

}  // namespace optlab::nn
