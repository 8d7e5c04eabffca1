#include "conv/conv_micro_kernel.h"
#include "simd/neon.h"

namespace optlab::conv::detail {

constinit const Kernels kNeonKernels = make_kernels<simd::Neon, 8, 2>();

}  // namespace optlab::conv::detail
