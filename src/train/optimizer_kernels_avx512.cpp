#include "simd/avx512.h"
#include "train/optimizer_micro_kernel.h"

namespace optlab::train::detail {

constinit const OptimizerKernels kAvx512OptimizerKernels = make_optimizer_kernels<simd::Avx512>();

}  // namespace optlab::train::detail
