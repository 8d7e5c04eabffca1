#include "gemm/gemm_micro_kernel.h"
#include "simd/neon.h"

namespace optlab::gemm::detail {

constinit const Kernels kNeonFmaKernels = make_kernels<simd::NeonFma, 8, 2>();

}  // namespace optlab::gemm::detail
