#include "simd/avx2.h"
#include "simd/avx_quad.h"
#include "sparse/sparse_micro_kernel.h"

namespace optlab::sparse::detail {

// Blocks: 8 sums, 4 weights, a row and a product: 14 of 16 registers. CSR: 8 sums, a weight, a row and a product.
constinit const Kernels kAvx2Kernels = make_kernels<simd::Avx2, simd::AvxQuad<simd::Avx2>, 8, 2>();

}  // namespace optlab::sparse::detail
