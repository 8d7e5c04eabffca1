#include "gemm/weight_only_kernel.h"
#include "simd/widen_neon.h"

namespace optlab::gemm::detail {

constinit const WeightOnlyKernels kWeightOnlyNeon = make_weight_only_kernels<simd::NeonWiden<simd::Neon>, 2>();
constinit const WeightOnlyKernels kWeightOnlyNeonFma = make_weight_only_kernels<simd::NeonWiden<simd::NeonFma>, 2>();

}  // namespace optlab::gemm::detail
