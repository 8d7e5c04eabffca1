#include "nn/training_micro_kernel.h"
#include "simd/scalar.h"

namespace optlab::nn::detail {

constinit const OptimizerKernels kScalarOptimizerKernels = make_optimizer_kernels<simd::Scalar>();
constinit const TrainingKernels kScalarTrainingKernels = make_training_kernels<simd::Scalar>();

}  // namespace optlab::nn::detail
