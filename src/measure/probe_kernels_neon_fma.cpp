#include "measure/probe_kernel.h"
#include "simd/neon.h"

namespace optlab::measure::detail {

constinit const ProbeKernels kProbeNeonFma = make_probe_kernels<simd::NeonFma>();

}  // namespace optlab::measure::detail
