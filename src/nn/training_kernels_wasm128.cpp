#include "nn/training_micro_kernel.h"
#include "simd/wasm128.h"

namespace optlab::nn::detail {

constinit const OptimizerKernels kWasm128OptimizerKernels = make_optimizer_kernels<simd::Wasm128>();
constinit const TrainingKernels kWasm128TrainingKernels = make_training_kernels<simd::Wasm128>();

}  // namespace optlab::nn::detail
