#include "profile/probe_kernel.h"
#include "simd/wasm128.h"

namespace optlab::profile::detail {

constinit const ProbeKernels kProbeWasm128 = make_probe_kernels<simd::Wasm128>();

}  // namespace optlab::profile::detail
