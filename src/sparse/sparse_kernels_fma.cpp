#include "simd/avx2.h"
#include "simd/avx_quad.h"
#include "sparse/sparse_micro_kernel.h"

namespace optlab::sparse::detail {

constinit const Kernels kFmaKernels = make_kernels<simd::Avx2Fma, simd::AvxQuad<simd::Avx2Fma>, 8, 2>();

}  // namespace optlab::sparse::detail
