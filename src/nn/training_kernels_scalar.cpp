#include "nn/forward_micro_kernel.h"
#include "nn/training_micro_kernel.h"
#include "simd/scalar.h"

namespace optlab::nn::detail {

constinit const ForwardKernels kScalarForwardKernels = make_forward_kernels<simd::Scalar>();
constinit const TrainingKernels kScalarTrainingKernels = make_training_kernels<simd::Scalar>();

}  // namespace optlab::nn::detail
