#pragma once

#include <span>

#include "core/matrix.h"
#include "nn/compute.h"

/// Steps that several layers share; private to this folder.
namespace optlab::nn::detail {

/// dy = dy where y > 0, else +0.
void relu_backward(const Compute& compute, std::span<const float> y, std::span<float> dy);

/// sums[c] = Σ over ascending rows of the contiguous `matrix`, from +0.
void sum_rows(ConstMatrixView matrix, std::span<float> sums);

/// W[…,o] ← W·scale[o], b[o] ← b·scale[o] + shift[o].
void scale_columns(std::span<float> weight, std::span<float> bias, std::span<const float> scale,
                   std::span<const float> shift);

}  // namespace optlab::nn::detail
