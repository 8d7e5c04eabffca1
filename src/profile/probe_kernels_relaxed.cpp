#include "profile/probe_kernel.h"
#include "simd/wasm128.h"

namespace optlab::profile::detail {

constinit const ProbeKernels kProbeWasmRelaxed = make_probe_kernels<simd::WasmRelaxed>();

}  // namespace optlab::profile::detail
