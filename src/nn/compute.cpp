#include "nn/compute.h"

#include "conv/conv_gradient.h"

namespace optlab::nn {

const gemm::Variant& Compute::choose(int M, int N, int K) const {
  return variant != nullptr ? *variant : gemm::best(mode, M, N, K, context.pool.threads());
}

const conv::Variant& Compute::choose(const conv::Geometry& geometry) const {
  if (variant == nullptr) return conv::best(mode, geometry, context.pool.threads());
  return conv::best_of(variant->isa, variant->mode, variant->threaded, geometry);
}

const conv::GradientVariant& Compute::choose_gradient() const {
  if (variant == nullptr) return conv::best_gradient(mode, context.pool.threads());
  return conv::best_gradient_of(variant->isa, variant->mode, variant->threaded);
}

int Compute::threads() const { return variant == nullptr || variant->threaded ? context.pool.threads() : 1; }

}  // namespace optlab::nn
