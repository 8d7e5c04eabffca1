#include "attention/attention_micro_kernel.h"
#include "simd/neon.h"

namespace optlab::attention::detail {

constinit const Kernels kNeonFmaKernels = make_kernels<simd::NeonFma, 8, 2>();

}  // namespace optlab::attention::detail
