#include "measure/int8_probe_kernel.h"
#include "measure/probe_kernel.h"
#include "simd/dot_wasm128.h"
#include "simd/wasm128.h"

namespace optlab::measure::detail {

constinit const ProbeKernels kProbeWasm128 = make_probe_kernels<simd::Wasm128>();

// Ten sums, whatever the CPU: every choice would be downloaded.
constinit const Int8Probe kInt8ProbeWasmWide = make_int8_probe<simd::Wasm128Dot16, 5, 5, 5>();

}  // namespace optlab::measure::detail
