#include "simd/wasm128.h"
#include "sparse/sparse_micro_kernel.h"

namespace optlab::sparse::detail {

// Blocks: 8 sums, 4 weights, a row and a product: 14 of V8's 16 registers. CSR: 8 sums, a weight, a row and a product.
constinit const Kernels kWasm128Kernels = make_kernels<simd::Wasm128, simd::Wasm128, 8, 2>();

}  // namespace optlab::sparse::detail
