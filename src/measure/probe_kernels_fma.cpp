#include "measure/probe_kernel.h"
#include "simd/avx2.h"

namespace optlab::measure::detail {

constinit const ProbeKernels kProbeAvx2Fma = make_probe_kernels<simd::Avx2Fma>();

}  // namespace optlab::measure::detail
