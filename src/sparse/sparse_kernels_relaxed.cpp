#include "simd/wasm128.h"
#include "sparse/sparse_micro_kernel.h"

namespace optlab::sparse::detail {

// Blocks: 8 sums, 4 weights and a row: 13 of V8's 16 registers. CSR: 8 sums, a weight and a row. Measured at 64×784×256 with 80 %
// zeros, Node 24 on a Xeon, best of many, GFLOP/s of the dense product (dense itself 54): 1×4 by 1, 2, 3 vectors 128, 199,
// 171 (one hasn't enough sums to hide the latency, three don't fit); CSR by 4, 6, 8 vectors 130, 147, 154.
constinit const Kernels kRelaxedKernels = make_kernels<simd::WasmRelaxed, simd::WasmRelaxed, 8, 2>();

}  // namespace optlab::sparse::detail
