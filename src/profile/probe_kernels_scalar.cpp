#include "profile/probe_kernel.h"
#include "simd/scalar.h"

namespace optlab::profile::detail {

constinit const ProbeKernels kProbeScalar = make_probe_kernels<simd::Scalar>();

}  // namespace optlab::profile::detail
