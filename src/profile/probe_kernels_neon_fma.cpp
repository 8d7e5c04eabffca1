#include "profile/probe_kernel.h"
#include "simd/neon.h"

namespace optlab::profile::detail {

constinit const ProbeKernels kProbeNeonFma = make_probe_kernels<simd::NeonFma>();

}  // namespace optlab::profile::detail
