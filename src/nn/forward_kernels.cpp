#include "nn/forward_kernels.h"

#include "simd/isa.h"

namespace optlab::nn::detail {

// In WebAssembly the vectors are always there, and the download needn't hold the scalar kernels.

const ForwardKernels& forward_kernels() {
#if defined(__wasm_simd128__)
  return kWasm128ForwardKernels;
#else
#if defined(__x86_64__)
  if (simd::has_avx512()) return kAvx512ForwardKernels;
  if (simd::has_avx2()) return kAvx2ForwardKernels;
#elif defined(__aarch64__)
  if (simd::has_neon()) return kNeonForwardKernels;
#endif
  return kScalarForwardKernels;
#endif
}

}  // namespace optlab::nn::detail
