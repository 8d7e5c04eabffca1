#include "gemm/gemm_micro_kernel.h"
#include "simd/avx2.h"

namespace optlab::gemm::detail {

const Kernels kAvx2Kernels = make_kernels<simd::Avx2, 4, 2>();

}  // namespace optlab::gemm::detail
