#include "nn/training_micro_kernel.h"
#include "simd/wasm128.h"

namespace optlab::nn::detail {

// Compiled for size, since no page trains a transformer; these are in page_kernels_wasm128.cpp.
extern template void add<simd::Wasm128>(const float*, const float*, int, float*) noexcept;
extern template void swiglu<simd::Wasm128>(const float*, const float*, int, float*) noexcept;
extern template float sum_of_exponentials<simd::Wasm128>(const float*, int, float&) noexcept;

constinit const TrainingKernels kWasm128TrainingKernels = make_training_kernels<simd::Wasm128>();

}  // namespace optlab::nn::detail
