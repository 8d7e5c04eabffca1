#include "gemm/gemm_micro_kernel.h"
#include "simd/avx2.h"

namespace optlab::gemm::detail {

const Kernels kFmaKernels = make_kernels<simd::Avx2Fma, 4, 2>();

}  // namespace optlab::gemm::detail
