#include "simd/avx512.h"
#include "simd/avx_quad.h"
#include "sparse/sparse_micro_kernel.h"

namespace optlab::sparse::detail {

constinit const Kernels kAvx512Kernels = make_kernels<simd::Avx512, simd::AvxQuad<simd::Avx512>, 8, 4>();

constinit const Kernels kAvx512FmaKernels = make_kernels<simd::Avx512Fma, simd::AvxQuad<simd::Avx512Fma>, 8, 4>();

}  // namespace optlab::sparse::detail
