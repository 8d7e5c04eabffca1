#include "attention/stored_micro_kernel.h"
#include "simd/widen_avx2.h"

namespace optlab::attention::detail {

constinit const StoredKernels kAvx2Stored = make_stored_kernels<simd::Avx2Widen<simd::Avx2>, 4, 2, 4>();

}  // namespace optlab::attention::detail
