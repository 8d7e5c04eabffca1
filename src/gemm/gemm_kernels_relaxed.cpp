#include "gemm/gemm_micro_kernel.h"
#include "simd/wasm128.h"

namespace optlab::gemm::detail {

const Kernels kRelaxedKernels = make_kernels<simd::WasmRelaxed, 4, 2>();

}  // namespace optlab::gemm::detail
