#include "gemm/weight_only_kernel.h"
#include "simd/widen_wasm128.h"

namespace optlab::gemm::detail {

constinit const WeightOnlyKernels kWeightOnlyWasm128 = make_weight_only_kernels<simd::Wasm128Widen<simd::Wasm128>, 2>();

}  // namespace optlab::gemm::detail
