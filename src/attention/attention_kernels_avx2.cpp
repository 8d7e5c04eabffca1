#include "attention/row_micro_kernel.h"
#include "simd/avx2.h"

namespace optlab::attention::detail {

// GEMM's tile for this instruction set, since the loop is the same: 12 sums, 2 vectors of keys or values, 1 of a query or
// weight and 1 for the product fill the 16 registers.
constinit const Kernels kAvx2Kernels = make_kernels<simd::Avx2, 6, 2>();
constinit const RowKernels kAvx2RowKernels = make_row_kernels<simd::Avx2>();

}  // namespace optlab::attention::detail
