#include "nn/forward_micro_kernel.h"
#include "simd/wasm128.h"

namespace optlab::nn::detail {

constinit const ForwardKernels kWasm128ForwardKernels = make_forward_kernels<simd::Wasm128>();

}  // namespace optlab::nn::detail
