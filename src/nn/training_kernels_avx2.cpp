#include "nn/training_micro_kernel.h"
#include "simd/avx2.h"

namespace optlab::nn::detail {

constinit const OptimizerKernels kAvx2OptimizerKernels = make_optimizer_kernels<simd::Avx2>();
constinit const TrainingKernels kAvx2TrainingKernels = make_training_kernels<simd::Avx2>();

}  // namespace optlab::nn::detail
