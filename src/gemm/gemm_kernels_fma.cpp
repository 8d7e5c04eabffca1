#include "gemm/gemm_micro_kernel.h"
#include "simd/avx2.h"

namespace optlab::gemm::detail {

// 12 sums, 2 vectors of B and 1 of A: 15 of 16 registers, since a fused multiply-add needs none for the product. Measured in cache, one
// thread, on a Xeon: AVX2 4×2 85, 6×2 96, 4×3 99 GFLOP/s; at 512³ the last two are level.
constinit const Kernels kFmaKernels = make_kernels<simd::Avx2Fma, 6, 2>();

}  // namespace optlab::gemm::detail
