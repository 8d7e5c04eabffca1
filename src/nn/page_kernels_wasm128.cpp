#include "nn/training_micro_kernel.h"
#include "simd/wasm128.h"

namespace optlab::nn::detail {

// What pages use, compiled for speed: the optimizer, and of kWasm128TrainingKernels decoding's and evaluation's functions.
constinit const OptimizerKernels kWasm128OptimizerKernels = make_optimizer_kernels<simd::Wasm128>();
template void add<simd::Wasm128>(const float*, const float*, int, float*) noexcept;
template void swiglu<simd::Wasm128>(const float*, const float*, int, float*) noexcept;
template float sum_of_exponentials<simd::Wasm128>(const float*, int, float&) noexcept;

}  // namespace optlab::nn::detail
