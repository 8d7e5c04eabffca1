#include "measure/probe_kernel.h"
#include "simd/avx512.h"

namespace optlab::measure::detail {

constinit const ProbeKernels kProbeAvx512 = make_probe_kernels<simd::Avx512>();
constinit const ProbeKernels kProbeAvx512Fma = make_probe_kernels<simd::Avx512Fma>();

}  // namespace optlab::measure::detail
