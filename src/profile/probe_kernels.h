#pragma once

#include <cstddef>
#include <span>

/// The loops that find out what this device can do at most; private to this folder. One table per ISA, like the kernel
/// ladders: the table keeps each kernel a function of its own, called for well under a millisecond, because an engine
/// swaps in optimized code only at a call.
namespace optlab::profile::detail {

/// Numbers of chains to try: enough to cover latency times ports, few enough to stay in registers. Which is best
/// depends on the CPU.
inline constexpr int kChainCounts = 3;

struct ComputeKernel {
  int chains;
  /// `iterations` times x = x*scale + offset on `chains` independent vectors that start at 0; the sum over all lanes.
  float (*run)(int iterations, float scale, float offset) noexcept;
};

struct ProbeKernels {
  const char* name;  // the policy's
  bool fused;
  int lanes;
  ComputeKernel compute[kChainCounts];
  /// The sum of data[0..count) in eight vector accumulators: one read of memory.
  float (*sum)(const float* data, std::size_t count) noexcept;
};

extern const ProbeKernels kProbeScalar;
extern const ProbeKernels kProbeAvx2;
extern const ProbeKernels kProbeAvx2Fma;
extern const ProbeKernels kProbeAvx512;
extern const ProbeKernels kProbeAvx512Fma;
extern const ProbeKernels kProbeWasm128;
extern const ProbeKernels kProbeWasmRelaxed;
extern const ProbeKernels kProbeNeon;
extern const ProbeKernels kProbeNeonFma;

/// Those that this build and this CPU have, narrowest first; the first is scalar.
std::span<const ProbeKernels* const> probe_kernels();

/// The widest of them whose mul_add rounds twice.
const ProbeKernels& widest_exact();

}  // namespace optlab::profile::detail
