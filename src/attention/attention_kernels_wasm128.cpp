#include "attention/row_micro_kernel.h"
#include "simd/wasm128.h"

namespace optlab::attention::detail {

// GEMM's tile for this instruction set, since the loop is the same: 12 sums of the 16 registers that engines map to.
constinit const Kernels kWasm128Kernels = make_kernels<simd::Wasm128, 6, 2>();
constinit const RowKernels kWasm128RowKernels = make_row_kernels<simd::Wasm128>();

}  // namespace optlab::attention::detail
