#include "nn/training_micro_kernel.h"
#include "simd/wasm128.h"

namespace optlab::nn::detail {

// Compiled for size, since no page trains a transformer.
constinit const TrainingKernels kWasm128TrainingKernels = make_training_kernels<simd::Wasm128>();

}  // namespace optlab::nn::detail
