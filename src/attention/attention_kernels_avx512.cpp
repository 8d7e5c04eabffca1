#include "attention/row_micro_kernel.h"
#include "simd/avx512.h"

namespace optlab::attention::detail {

constinit const Kernels kAvx512Kernels = make_kernels<simd::Avx512, 12, 2>();
constinit const Kernels kAvx512FmaKernels = make_kernels<simd::Avx512Fma, 12, 2>();
constinit const RowKernels kAvx512RowKernels = make_row_kernels<simd::Avx512>();

}  // namespace optlab::attention::detail
