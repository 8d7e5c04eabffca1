#include "attention/attention_micro_kernel.h"
#include "simd/wasm128.h"

namespace optlab::attention::detail {

constinit const Kernels kRelaxedKernels = make_kernels<simd::WasmRelaxed, 6, 2>();

}  // namespace optlab::attention::detail
