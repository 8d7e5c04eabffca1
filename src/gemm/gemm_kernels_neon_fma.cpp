#include "gemm/gemm_micro_kernel.h"
#include "simd/neon.h"

namespace optlab::gemm::detail {

const Kernels kNeonFmaKernels = make_kernels<simd::NeonFma, 4, 2>();

}  // namespace optlab::gemm::detail
