#include "gemm/gemm_micro_kernel.h"
#include "simd/neon.h"

namespace optlab::gemm::detail {

const Kernels kNeonKernels = make_kernels<simd::Neon, 4, 2>();

}  // namespace optlab::gemm::detail
