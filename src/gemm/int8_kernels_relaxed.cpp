#include "gemm/int8_micro_kernel.h"
#include "simd/dot_wasm128.h"

namespace optlab::gemm::detail {

// 10 sums, 2 vectors of B, 1 of A, 1 for the products and the ones: 15 of 16 registers.
constinit const Int8Kernels kInt8RelaxedKernels = make_int8_kernels<simd::WasmRelaxedDot, 5, 2>();

}  // namespace optlab::gemm::detail
