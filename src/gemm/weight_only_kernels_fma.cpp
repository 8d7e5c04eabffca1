#include "gemm/weight_only_kernel.h"
#include "simd/widen_avx2.h"

namespace optlab::gemm::detail {

constinit const WeightOnlyKernels kWeightOnlyFma = make_weight_only_kernels<simd::Avx2Widen<simd::Avx2Fma>, 4>();

}  // namespace optlab::gemm::detail
