#include "measure/probe_kernel.h"
#include "simd/scalar.h"

namespace optlab::measure::detail {

constinit const ProbeKernels kProbeScalar = make_probe_kernels<simd::Scalar>();

}  // namespace optlab::measure::detail
