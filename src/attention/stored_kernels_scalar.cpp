#include "attention/stored_micro_kernel.h"
#include "simd/widen.h"

namespace optlab::attention::detail {

constinit const StoredKernels kScalarStored = make_stored_kernels<simd::ScalarWiden, 1, 1, 8>();

}  // namespace optlab::attention::detail
