#include "conv/conv_micro_kernel.h"
#include "simd/avx2.h"

namespace optlab::conv::detail {

constinit const Kernels kAvx2Kernels = make_kernels<simd::Avx2, 6, 2>();

}  // namespace optlab::conv::detail
