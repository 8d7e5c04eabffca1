#include "measure/int8_probe_kernel.h"
#include "measure/probe_kernel.h"
#include "simd/avx2.h"
#include "simd/dot_avx2.h"

namespace optlab::measure::detail {

constinit const ProbeKernels kProbeAvx2 = make_probe_kernels<simd::Avx2>();

constinit const Int8Probe kInt8ProbeAvx2Wide = make_int8_probe<simd::Avx2Dot16>();
constinit const Int8Probe kInt8ProbeAvx2Dot = make_int8_probe<simd::Avx2Dot>();

}  // namespace optlab::measure::detail
