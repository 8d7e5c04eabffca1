#include "nn/compute.h"

namespace optlab::nn {

const gemm::Variant& Compute::choose(int M, int N, int K) const {
  return variant != nullptr ? *variant : gemm::best(mode, M, N, K, context.pool.threads());
}

}  // namespace optlab::nn
