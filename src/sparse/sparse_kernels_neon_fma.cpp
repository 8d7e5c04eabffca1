#include "simd/neon.h"
#include "sparse/sparse_micro_kernel.h"

namespace optlab::sparse::detail {

constinit const Kernels kNeonFmaKernels = make_kernels<simd::NeonFma, simd::NeonFma, 8, 4>();

}  // namespace optlab::sparse::detail
