#include "measure/int8_probe_kernel.h"
#include "measure/probe_kernel.h"
#include "simd/dot_wasm128.h"
#include "simd/wasm128.h"

namespace optlab::measure::detail {

constinit const ProbeKernels kProbeWasmRelaxed = make_probe_kernels<simd::WasmRelaxed>();

// See probe_kernels_wasm128.cpp.
constinit const Int8Probe kInt8ProbeRelaxedDot = make_int8_probe<simd::WasmRelaxedDot, 5, 5, 5>();
constinit const Int8Probe kInt8ProbeRelaxedFused = make_int8_probe<simd::WasmRelaxedDotAdd, 5, 5, 5>();

}  // namespace optlab::measure::detail
