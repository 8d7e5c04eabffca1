#include "nn/layer_kernels.h"

#include "simd/isa.h"

namespace optlab::nn::detail {

const LayerKernels& layer_kernels() {
#if defined(__wasm_simd128__)
  return kWasm128LayerKernels;  // always there; the scalar ones needn't be downloaded
#else
#if defined(__x86_64__)
  if (simd::has_avx512()) return kAvx512LayerKernels;
  if (simd::has_avx2()) return kAvx2LayerKernels;
#elif defined(__aarch64__)
  if (simd::has_neon()) return kNeonLayerKernels;
#endif
  return kScalarLayerKernels;
#endif
}

const ActivationKernels& activation_kernels() {
#if defined(__wasm_simd128__)
  return kWasm128ActivationKernels;  // always there; the scalar ones needn't be downloaded
#else
#if defined(__x86_64__)
  if (simd::has_avx512()) return kAvx512ActivationKernels;
  if (simd::has_avx2()) return kAvx2ActivationKernels;
#elif defined(__aarch64__)
  if (simd::has_neon()) return kNeonActivationKernels;
#endif
  return kScalarActivationKernels;
#endif
}

}  // namespace optlab::nn::detail
