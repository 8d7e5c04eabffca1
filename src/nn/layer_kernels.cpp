#include "nn/layer_kernels.h"

#include "simd/targets.h"

namespace optlab::nn::detail {

const LayerKernels& layer_kernels() {
  return simd::widest_exact<LayerKernels>(
      []<class Simd>() -> const LayerKernels& { return LayerKernelsOf<Simd>::kTable; });
}

const ActivationKernels& activation_kernels() {
  return simd::widest_exact<ActivationKernels>(
      []<class Simd>() -> const ActivationKernels& { return ActivationKernelsOf<Simd>::kTable; });
}

}  // namespace optlab::nn::detail
