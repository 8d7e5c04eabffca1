#include "profile/probe_kernel.h"
#include "simd/neon.h"

namespace optlab::profile::detail {

constinit const ProbeKernels kProbeNeon = make_probe_kernels<simd::Neon>();

}  // namespace optlab::profile::detail
