#include "conv/conv_micro_kernel.h"
#include "simd/avx2.h"

namespace optlab::conv::detail {

// The tiles of gemm_kernels_*.cpp, which say how they were measured; one that reads through pointers has as many
// registers to itself.
constinit const Kernels kFmaKernels = make_kernels<simd::Avx2Fma, 6, 2>();

}  // namespace optlab::conv::detail
