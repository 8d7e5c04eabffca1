#include "gemm/gemm_micro_kernel.h"
#include "simd/avx2.h"

namespace optlab::gemm::detail {

// 8 sums, 2 vectors of B, 1 of A and 1 for the product: 12 of 16 registers. 6×2 needs all 16 and was not faster (Xeon, in cache: wasm128 41.2
// against 40.8 GFLOP/s, AVX2 69 against 73).
constinit const Kernels kAvx2Kernels = make_kernels<simd::Avx2, 6, 2>();

}  // namespace optlab::gemm::detail
