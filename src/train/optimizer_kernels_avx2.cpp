#include "simd/avx2.h"
#include "train/optimizer_micro_kernel.h"

namespace optlab::train::detail {

constinit const OptimizerKernels kAvx2OptimizerKernels = make_optimizer_kernels<simd::Avx2>();

}  // namespace optlab::train::detail
