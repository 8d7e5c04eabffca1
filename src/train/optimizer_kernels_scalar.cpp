#include "simd/scalar.h"
#include "train/optimizer_micro_kernel.h"

namespace optlab::train::detail {

constinit const OptimizerKernels kScalarOptimizerKernels = make_optimizer_kernels<simd::Scalar>();

}  // namespace optlab::train::detail
