#include "conv/conv_micro_kernel.h"
#include "simd/avx512.h"

namespace optlab::conv::detail {

constinit const Kernels kAvx512Kernels = make_kernels<simd::Avx512, 12, 2>();
constinit const Kernels kAvx512FmaKernels = make_kernels<simd::Avx512Fma, 12, 2>();

}  // namespace optlab::conv::detail
