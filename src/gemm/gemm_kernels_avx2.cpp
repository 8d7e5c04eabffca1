#include "gemm/gemm_micro_kernel.h"
#include "simd/avx2.h"

namespace optlab::gemm::detail {

// 12 sums, 2 vectors of B, 1 of A and 1 for the product: all 16 registers.
constinit const Kernels kAvx2Kernels = make_kernels<simd::Avx2, 6, 2>();

}  // namespace optlab::gemm::detail
