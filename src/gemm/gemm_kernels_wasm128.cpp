#include "gemm/gemm_micro_kernel.h"
#include "simd/wasm128.h"

namespace optlab::gemm::detail {

const Kernels kWasm128Kernels = make_kernels<simd::Wasm128, 4, 2>();

}  // namespace optlab::gemm::detail
