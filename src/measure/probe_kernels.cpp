#include "measure/probe_kernels.h"

#include <vector>

#include "simd/isa.h"

namespace optlab::measure::detail {
namespace {

std::vector<const ProbeKernels*> available() {
  std::vector<const ProbeKernels*> kernels = {&kProbeScalar};
#if defined(__x86_64__)
  if (simd::has_avx2()) kernels.push_back(&kProbeAvx2);
  if (simd::has_avx2_fma()) kernels.push_back(&kProbeAvx2Fma);
  if (simd::has_avx512()) {
    kernels.push_back(&kProbeAvx512);
    kernels.push_back(&kProbeAvx512Fma);
  }
#elif defined(__aarch64__)
  if (simd::has_neon()) kernels.push_back(&kProbeNeon);
  if (simd::has_neon()) kernels.push_back(&kProbeNeonFma);
#elif defined(__wasm_simd128__)
  kernels.push_back(&kProbeWasm128);
#if defined(__wasm_relaxed_simd__)
  kernels.push_back(&kProbeWasmRelaxed);
#endif
#endif
  return kernels;
}

std::vector<const Int8Probe*> available_int8() {
  std::vector<const Int8Probe*> probes;
#if defined(__x86_64__)
  if (simd::has_avx2()) probes = {&kInt8ProbeAvx2Wide, &kInt8ProbeAvx2Dot};
  if (simd::has_avx512_vnni()) probes.push_back(&kInt8ProbeVnni);
#elif defined(__aarch64__)
  if (simd::has_neon()) probes = {&kInt8ProbeNeonWide, &kInt8ProbeNeonDot};
#elif defined(__wasm_simd128__)
  probes.push_back(&kInt8ProbeWasmWide);
#if defined(__wasm_relaxed_simd__)
  probes.push_back(&kInt8ProbeRelaxedDot);
  probes.push_back(&kInt8ProbeRelaxedFused);
#endif
#endif
  return probes;
}

}  // namespace

std::span<const ProbeKernels* const> probe_kernels() {
  static const std::vector<const ProbeKernels*> kernels = available();
  return kernels;
}

std::span<const Int8Probe* const> int8_probes() {
  static const std::vector<const Int8Probe*> probes = available_int8();
  return probes;
}

const ProbeKernels& widest_exact() {
  const ProbeKernels* widest = &kProbeScalar;
  for (const ProbeKernels* kernels : probe_kernels()) {
    if (!kernels->fused) widest = kernels;
  }
  return *widest;
}

}  // namespace optlab::measure::detail
