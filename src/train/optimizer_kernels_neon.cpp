#include "simd/neon.h"
#include "train/optimizer_micro_kernel.h"

namespace optlab::train::detail {

constinit const OptimizerKernels kNeonOptimizerKernels = make_optimizer_kernels<simd::Neon>();

}  // namespace optlab::train::detail
