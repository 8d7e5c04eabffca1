#include "attention/stored_micro_kernel.h"
#include "simd/widen_neon.h"

namespace optlab::attention::detail {

constinit const StoredKernels kNeonStored = make_stored_kernels<simd::NeonWiden<simd::Neon>, 2, 2, 4>();
constinit const StoredKernels kNeonFmaStored = make_stored_kernels<simd::NeonWiden<simd::NeonFma>, 2, 2, 4>();

}  // namespace optlab::attention::detail
