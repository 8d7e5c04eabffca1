#include "nn/layer_micro_kernel.h"
#include "simd/neon.h"

namespace optlab::nn::detail {

constinit const LayerKernels kNeonLayerKernels = make_layer_kernels<simd::Neon>();
constinit const ActivationKernels kNeonActivationKernels = make_activation_kernels<simd::Neon>();

}  // namespace optlab::nn::detail
