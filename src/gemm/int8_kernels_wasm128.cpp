#include "gemm/int8_micro_kernel.h"
#include "simd/dot_wasm128.h"

namespace optlab::gemm::detail {

constinit const Int8Kernels kInt8WasmWideKernels = make_int8_kernels<simd::Wasm128Dot16, 6, 2>();

}  // namespace optlab::gemm::detail
