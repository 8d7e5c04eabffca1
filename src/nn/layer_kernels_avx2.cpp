#include "nn/layer_micro_kernel.h"
#include "simd/avx2.h"

namespace optlab::nn::detail {

constinit const LayerKernels kAvx2LayerKernels = make_layer_kernels<simd::Avx2>();
constinit const ActivationKernels kAvx2ActivationKernels = make_activation_kernels<simd::Avx2>();

}  // namespace optlab::nn::detail
