#include "simd/wasm128.h"
#include "train/optimizer_micro_kernel.h"

namespace optlab::train::detail {

constinit const OptimizerKernels kWasm128OptimizerKernels = make_optimizer_kernels<simd::Wasm128>();

}  // namespace optlab::train::detail
