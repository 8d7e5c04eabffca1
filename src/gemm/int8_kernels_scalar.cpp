#include "gemm/int8_micro_kernel.h"
#include "simd/dot.h"

namespace optlab::gemm::detail {

constinit const Int8Kernels kInt8ScalarKernels = make_int8_kernels<simd::ScalarDot, 4, 2>();

}  // namespace optlab::gemm::detail
