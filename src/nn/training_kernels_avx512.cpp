#include "nn/training_micro_kernel.h"
#include "simd/avx512.h"

namespace optlab::nn::detail {

constinit const TrainingKernels kAvx512TrainingKernels = make_training_kernels<simd::Avx512>();

}  // namespace optlab::nn::detail
