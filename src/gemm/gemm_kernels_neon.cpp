#include "gemm/gemm_micro_kernel.h"
#include "simd/neon.h"

namespace optlab::gemm::detail {

constinit const Kernels kNeonKernels = make_kernels<simd::Neon, 8, 2>();

}  // namespace optlab::gemm::detail
