#include "profile/probe_kernel.h"
#include "simd/avx2.h"

namespace optlab::profile::detail {

constinit const ProbeKernels kProbeAvx2 = make_probe_kernels<simd::Avx2>();

}  // namespace optlab::profile::detail
