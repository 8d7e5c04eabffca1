#include "simd/scalar.h"
#include "sparse/sparse_micro_kernel.h"

namespace optlab::sparse::detail {

constinit const Kernels kScalarKernels = make_kernels<simd::Scalar, simd::Scalar, 4, 2>();

}  // namespace optlab::sparse::detail
