#include "train/optimizer_kernels.h"

#include "simd/isa.h"

namespace optlab::train::detail {

// In WebAssembly the vectors are always there, and the download needn't hold the scalar kernels.
const OptimizerKernels& optimizer_kernels() {
#if defined(__wasm_simd128__)
  return kWasm128OptimizerKernels;
#else
#if defined(__x86_64__)
  if (simd::has_avx512()) return kAvx512OptimizerKernels;
  if (simd::has_avx2()) return kAvx2OptimizerKernels;
#elif defined(__aarch64__)
  if (simd::has_neon()) return kNeonOptimizerKernels;
#endif
  return kScalarOptimizerKernels;
#endif
}

}  // namespace optlab::train::detail
