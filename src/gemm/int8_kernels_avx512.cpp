#include "gemm/int8_micro_kernel.h"
#include "simd/dot_avx512.h"

namespace optlab::gemm::detail {

// 24 sums, 2 vectors of B and 1 of A: 27 of 32 registers.
constinit const Int8Kernels kInt8Avx512Kernels = make_int8_kernels<simd::Avx512Dot, 12, 2>();

}  // namespace optlab::gemm::detail
