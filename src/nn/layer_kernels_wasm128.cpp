#include "nn/layer_micro_kernel.h"
#include "simd/wasm128.h"

namespace optlab::nn::detail {

constinit const LayerKernels kWasm128LayerKernels = make_layer_kernels<simd::Wasm128>();
constinit const ActivationKernels kWasm128ActivationKernels = make_activation_kernels<simd::Wasm128>();

}  // namespace optlab::nn::detail
