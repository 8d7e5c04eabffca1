#include "nn/forward_micro_kernel.h"
#include "nn/training_micro_kernel.h"
#include "simd/avx512.h"

namespace optlab::nn::detail {

constinit const ForwardKernels kAvx512ForwardKernels = make_forward_kernels<simd::Avx512>();
constinit const TrainingKernels kAvx512TrainingKernels = make_training_kernels<simd::Avx512>();

}  // namespace optlab::nn::detail
