#include "nn/forward_micro_kernel.h"
#include "nn/training_micro_kernel.h"
#include "simd/avx2.h"

namespace optlab::nn::detail {

constinit const ForwardKernels kAvx2ForwardKernels = make_forward_kernels<simd::Avx2>();
constinit const TrainingKernels kAvx2TrainingKernels = make_training_kernels<simd::Avx2>();

}  // namespace optlab::nn::detail
