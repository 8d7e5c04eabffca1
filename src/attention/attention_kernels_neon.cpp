#include "attention/row_micro_kernel.h"
#include "simd/neon.h"

namespace optlab::attention::detail {

constinit const Kernels kNeonKernels = make_kernels<simd::Neon, 8, 2>();
constinit const RowKernels kNeonRowKernels = make_row_kernels<simd::Neon>();

}  // namespace optlab::attention::detail
