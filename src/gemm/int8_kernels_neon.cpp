#include "gemm/int8_micro_kernel.h"
#include "simd/dot_neon.h"

namespace optlab::gemm::detail {

constinit const Int8Kernels kInt8NeonKernels = make_int8_kernels<simd::NeonDot, 8, 2>();
constinit const Int8Kernels kInt8NeonWideKernels = make_int8_kernels<simd::NeonDot16, 8, 2>();

}  // namespace optlab::gemm::detail
