#include "gemm/gemm_micro_kernel.h"
#include "simd/wasm128.h"

namespace optlab::gemm::detail {

// 12 sums, 2 vectors of B and 1 of A: 15 of 16 registers, since a fused multiply-add needs none for the product. Measured in cache, one
// thread, on a Xeon: Node 24, 4×2 48, 5×2 54, 6×2 56, 3×3 52, 4×3 47 GFLOP/s.
constinit const Kernels kRelaxedKernels = make_kernels<simd::WasmRelaxed, 6, 2>();

}  // namespace optlab::gemm::detail
