#pragma once

#include <string>

#include "core/rng.h"
#include "nn/layer.h"

/// A product without a bias, as transformers have many; private to this folder.
namespace optlab::nn::detail {

/// A weight [inputs, outputs]. Throws std::invalid_argument naming the layer unless both are >= 1.
Parameter make_weight(const std::string& layer, const char* what, int inputs, int outputs);

/// weight ~ normal(0, deviation²)
void fill_normal(Parameter& weight, const Rng& rng, float deviation);

/// c = a·b
void product(ConstMatrixView a, ConstMatrixView b, MatrixView c, const Compute& compute);

/// The mode that `compute` asks for.
gemm::Mode mode_of(const Compute& compute);

/// Makes `tensor` have at least `rows` rows of `columns`; what it held may be lost.
MatrixView require_rows(Tensor& tensor, int rows, int columns);

}  // namespace optlab::nn::detail
