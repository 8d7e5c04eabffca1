#include "attention/row_micro_kernel.h"
#include "simd/avx512.h"

namespace optlab::attention::detail {

// GEMM's tile for this instruction set, since the loop is the same: 24 sums, 2 vectors of keys or values and 1 of a query
// or weight, 27 of 32 registers.
constinit const Kernels kAvx512Kernels = make_kernels<simd::Avx512, 12, 2>();
constinit const Kernels kAvx512FmaKernels = make_kernels<simd::Avx512Fma, 12, 2>();
constinit const RowKernels kAvx512RowKernels = make_row_kernels<simd::Avx512>();

}  // namespace optlab::attention::detail
