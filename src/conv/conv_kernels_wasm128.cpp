#include "conv/conv_micro_kernel.h"
#include "simd/wasm128.h"

namespace optlab::conv::detail {

constinit const Kernels kWasm128Kernels = make_kernels<simd::Wasm128, 6, 2>();

}  // namespace optlab::conv::detail
