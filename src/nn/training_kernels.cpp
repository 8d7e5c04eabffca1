#include "nn/training_kernels.h"

#include "simd/targets.h"

namespace optlab::nn::detail {

const OptimizerKernels& optimizer_kernels() {
  return simd::widest_exact<OptimizerKernels>(
      []<class Simd>() -> const OptimizerKernels& { return OptimizerKernelsOf<Simd>::table; });
}

const TrainingKernels& training_kernels() {
  return simd::widest_exact<TrainingKernels>(
      []<class Simd>() -> const TrainingKernels& { return TrainingKernelsOf<Simd>::table; });
}

}  // namespace optlab::nn::detail
