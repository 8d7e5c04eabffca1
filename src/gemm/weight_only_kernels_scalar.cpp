#include "gemm/weight_only_kernel.h"
#include "simd/widen.h"

namespace optlab::gemm::detail {

constinit const WeightOnlyKernels kWeightOnlyScalar = make_weight_only_kernels<simd::ScalarWiden, 1>();

}  // namespace optlab::gemm::detail
