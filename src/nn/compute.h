#pragma once

#include "gemm/gemm.h"

namespace optlab::conv {
struct Geometry;
struct GradientVariant;
struct Variant;
}  // namespace optlab::conv

namespace optlab::nn {

/// How a model multiplies.
struct Compute {
  const gemm::Variant* variant;  // null: the dispatcher's choice in `mode`
  gemm::Context& context;
  gemm::Mode mode = gemm::Mode::kExact;

  /// The variant for a product of this shape.
  const gemm::Variant& choose(int M, int N, int K) const;
  /// For a convolution and for the gradients of one: the fastest that has the instructions, mode and threads of `variant`,
  /// or the dispatcher's choice.
  const conv::Variant& choose(const conv::Geometry& geometry) const;
  const conv::GradientVariant& choose_gradient() const;
  /// Workers that operations beside products may use.
  int threads() const;
};

}  // namespace optlab::nn
