#include "gemm/gemm_micro_kernel.h"
#include "simd/scalar.h"

namespace optlab::gemm::detail {

constinit const Kernels kScalarKernels = make_kernels<simd::Scalar, 4, 2>();

}  // namespace optlab::gemm::detail
