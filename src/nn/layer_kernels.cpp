#include "nn/layer_kernels.h"

#include "simd/isa.h"

namespace optlab::nn::detail {

const LayerKernels& layer_kernels() {
#if defined(__x86_64__)
  if (simd::has_avx512()) return kAvx512LayerKernels;
  if (simd::has_avx2()) return kAvx2LayerKernels;
#elif defined(__aarch64__)
  if (simd::has_neon()) return kNeonLayerKernels;
#elif defined(__wasm_simd128__)
  if (simd::has_wasm128()) return kWasm128LayerKernels;
#endif
  return kScalarLayerKernels;
}

}  // namespace optlab::nn::detail
