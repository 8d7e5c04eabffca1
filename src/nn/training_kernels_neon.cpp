#include "nn/forward_micro_kernel.h"
#include "nn/training_micro_kernel.h"
#include "simd/neon.h"

namespace optlab::nn::detail {

constinit const ForwardKernels kNeonForwardKernels = make_forward_kernels<simd::Neon>();
constinit const TrainingKernels kNeonTrainingKernels = make_training_kernels<simd::Neon>();

}  // namespace optlab::nn::detail
