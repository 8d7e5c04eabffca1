#include "measure/int8_probe_kernel.h"
#include "measure/probe_kernel.h"
#include "simd/dot_neon.h"
#include "simd/neon.h"

namespace optlab::measure::detail {

constinit const ProbeKernels kProbeNeon = make_probe_kernels<simd::Neon>();

constinit const Int8Probe kInt8ProbeNeonWide = make_int8_probe<simd::NeonDot16, 6, 8, 12>();
constinit const Int8Probe kInt8ProbeNeonDot = make_int8_probe<simd::NeonDot, 6, 8, 12>();

}  // namespace optlab::measure::detail
