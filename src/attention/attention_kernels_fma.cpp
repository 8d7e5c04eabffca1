#include "attention/attention_micro_kernel.h"
#include "simd/avx2.h"

namespace optlab::attention::detail {

constinit const Kernels kFmaKernels = make_kernels<simd::Avx2Fma, 6, 2>();

}  // namespace optlab::attention::detail
