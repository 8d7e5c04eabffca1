#include "nn/layer_micro_kernel.h"
#include "simd/avx512.h"

namespace optlab::nn::detail {

constinit const LayerKernels kAvx512LayerKernels = make_layer_kernels<simd::Avx512>();
constinit const ActivationKernels kAvx512ActivationKernels = make_activation_kernels<simd::Avx512>();

}  // namespace optlab::nn::detail
