#include "simd/neon.h"
#include "sparse/sparse_micro_kernel.h"

namespace optlab::sparse::detail {

// Of 32 registers; not measured on hardware.
constinit const Kernels kNeonKernels = make_kernels<simd::Neon, simd::Neon, 8, 4>();

}  // namespace optlab::sparse::detail
