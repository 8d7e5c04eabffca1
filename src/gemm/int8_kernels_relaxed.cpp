#include "gemm/int8_micro_kernel.h"
#include "simd/dot_wasm128.h"

namespace optlab::gemm::detail {

// 10 sums, 2 vectors of B, 1 of A, 1 for the products and the ones: 15 of 16 registers.
constinit const Int8Kernels kInt8RelaxedKernels = make_int8_kernels<simd::WasmRelaxedDot, 5, 2>();

// One instruction needs neither: 12 sums, 2 of B and 1 of A.
constinit const Int8Kernels kInt8FusedKernels = make_int8_kernels<simd::WasmRelaxedDotAdd, 6, 2>();

}  // namespace optlab::gemm::detail
