#include "simd/wasm128.h"
#include "sparse/sparse_micro_kernel.h"

namespace optlab::sparse::detail {

constinit const Kernels kRelaxedKernels = make_kernels<simd::WasmRelaxed, simd::WasmRelaxed, 8, 2>();

}  // namespace optlab::sparse::detail
