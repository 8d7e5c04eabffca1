#include "attention/row_micro_kernel.h"
#include "simd/avx2.h"

namespace optlab::attention::detail {

constinit const Kernels kAvx2Kernels = make_kernels<simd::Avx2, 6, 2>();
constinit const RowKernels kAvx2RowKernels = make_row_kernels<simd::Avx2>();

}  // namespace optlab::attention::detail
