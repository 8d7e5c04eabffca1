#include "nn/layer_micro_kernel.h"
#include "simd/scalar.h"

namespace optlab::nn::detail {

constinit const LayerKernels kScalarLayerKernels = make_layer_kernels<simd::Scalar>();
constinit const ActivationKernels kScalarActivationKernels = make_activation_kernels<simd::Scalar>();

}  // namespace optlab::nn::detail
