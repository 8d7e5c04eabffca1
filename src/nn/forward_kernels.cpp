#include "nn/forward_kernels.h"

#include "simd/targets.h"

namespace optlab::nn::detail {

const ForwardKernels& forward_kernels() {
  return simd::widest_exact<ForwardKernels>(
      []<class Simd>() -> const ForwardKernels& { return ForwardKernelsOf<Simd>::kTable; });
}

}  // namespace optlab::nn::detail
