#include "nn/training_kernels.h"

#include "simd/isa.h"

namespace optlab::nn::detail {

// In WebAssembly the vectors are always there, and the download needn't hold the scalar kernels.

const TrainingKernels& training_kernels() {
#if defined(__wasm_simd128__)
  return kWasm128TrainingKernels;
#else
#if defined(__x86_64__)
  if (simd::has_avx512()) return kAvx512TrainingKernels;
  if (simd::has_avx2()) return kAvx2TrainingKernels;
#elif defined(__aarch64__)
  if (simd::has_neon()) return kNeonTrainingKernels;
#endif
  return kScalarTrainingKernels;
#endif
}

}  // namespace optlab::nn::detail
