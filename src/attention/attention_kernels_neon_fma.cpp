#include "attention/attention_micro_kernel.h"
#include "simd/neon.h"

namespace optlab::attention::detail {

// GEMM's tile for this instruction set, since the loop is the same: 16 sums of 32 registers.
constinit const Kernels kNeonFmaKernels = make_kernels<simd::NeonFma, 8, 2>();

}  // namespace optlab::attention::detail
