#include "gemm/weight_only_kernel.h"
#include "simd/widen_wasm128.h"

namespace optlab::gemm::detail {

constinit const WeightOnlyKernels kWeightOnlyRelaxed =
    make_weight_only_kernels<simd::Wasm128Widen<simd::WasmRelaxed>, 2>();

}  // namespace optlab::gemm::detail
