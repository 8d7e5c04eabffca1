#include "attention/attention_micro_kernel.h"
#include "simd/avx2.h"

namespace optlab::attention::detail {

// GEMM's tile for this instruction set, since the loop is the same: 12 sums, 2 vectors of keys or values and 1 of a query
// or weight, 15 of 16 registers.
constinit const Kernels kFmaKernels = make_kernels<simd::Avx2Fma, 6, 2>();

}  // namespace optlab::attention::detail
