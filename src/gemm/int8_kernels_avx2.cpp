#include "gemm/int8_micro_kernel.h"
#include "simd/dot_avx2.h"

namespace optlab::gemm::detail {

// 10 sums, 2 vectors of B, 1 of A, 1 for the products and the ones: 15 of 16 registers.
constinit const Int8Kernels kInt8Avx2Kernels = make_int8_kernels<simd::Avx2Dot, 5, 2>();
// No ones: 12 sums, 2 of B, 1 of A, 1 for the products.
constinit const Int8Kernels kInt8Avx2WideKernels = make_int8_kernels<simd::Avx2Dot16, 6, 2>();

}  // namespace optlab::gemm::detail
