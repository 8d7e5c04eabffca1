#include "nn/training_kernels.h"

#include "simd/isa.h"

namespace optlab::nn::detail {

const TrainingKernels& training_kernels() {
#if defined(__x86_64__)
  if (simd::has_avx512()) return kAvx512TrainingKernels;
  if (simd::has_avx2()) return kAvx2TrainingKernels;
#elif defined(__aarch64__)
  if (simd::has_neon()) return kNeonTrainingKernels;
#elif defined(__wasm_simd128__)
  if (simd::has_wasm128()) return kWasm128TrainingKernels;
#endif
  return kScalarTrainingKernels;
}

}  // namespace optlab::nn::detail
