#pragma once

#include "gemm/gemm.h"

namespace optlab::nn {

/// How a model multiplies.
struct Compute {
  const gemm::Variant* variant;  // null: the dispatcher's choice in `mode`
  gemm::Context& context;
  gemm::Mode mode = gemm::Mode::kExact;

  /// The variant for a product of this shape.
  const gemm::Variant& choose(int M, int N, int K) const;
};

}  // namespace optlab::nn
