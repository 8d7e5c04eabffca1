#include "profile/probe_kernels.h"

#include <vector>

#include "simd/isa.h"

namespace optlab::profile::detail {
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

}  // namespace

std::span<const ProbeKernels* const> probe_kernels() {
  static const std::vector<const ProbeKernels*> kernels = available();
  return kernels;
}

const ProbeKernels& widest_exact() {
  const ProbeKernels* widest = &kProbeScalar;
  for (const ProbeKernels* kernels : probe_kernels()) {
    if (!kernels->fused) widest = kernels;
  }
  return *widest;
}

}  // namespace optlab::profile::detail
