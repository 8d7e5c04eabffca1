#include "attention/row_micro_kernel.h"
#include "simd/neon.h"

namespace optlab::attention::detail {

// GEMM's tile for this instruction set, since the loop is the same: 16 sums of 32 registers.
constinit const Kernels kNeonKernels = make_kernels<simd::Neon, 8, 2>();
constinit const RowKernels kNeonRowKernels = make_row_kernels<simd::Neon>();

}  // namespace optlab::attention::detail
