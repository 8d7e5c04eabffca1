#include "nn/training_kernels.h"

#include "simd/targets.h"

namespace optlab::nn::detail {

const TrainingKernels& training_kernels() {
  return simd::widest_exact<TrainingKernels>(
      []<class Simd>() -> const TrainingKernels& { return TrainingKernelsOf<Simd>::kTable; });
}

}  // namespace optlab::nn::detail
