#include "conv/conv_micro_kernel.h"
#include "simd/neon.h"

namespace optlab::conv::detail {

constinit const Kernels kNeonFmaKernels = make_kernels<simd::NeonFma, 8, 2>();

}  // namespace optlab::conv::detail
