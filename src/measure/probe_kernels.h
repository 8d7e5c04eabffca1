#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// The loops that find out what this device can do at most; private to this folder. One table per ISA, like the kernel
/// ladders: the table keeps each kernel a function of its own, called for well under a millisecond, because an engine
/// swaps in optimized code only at a call.
namespace optlab::measure::detail {

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

/// A mix of instructions of the integer products (simd/dot.h).
struct Int8Kernel {
  int chains;
  /// For step = `steps` >= 1 down to 1: for both groups of activations and the chains/2 vectors of window
  /// step mod kInt8Windows of the weights, result[group, vector] += activations · weights, from 0, wrapped; chains times
  /// lanes of them. Groups of four are of bytes, groups of two of 16-bit words, and so are the weights.
  void (*run)(int steps, const std::byte* activations, const std::byte* weights, std::int32_t* result) noexcept;
};

/// Weights that the probes go through, in windows of chains/2 vectors; a power of two.
inline constexpr int kInt8Windows = 8;
inline constexpr int kInt8MostVectors = 12;

struct Int8Probe {
  const char* name;  // the policy's
  int lanes;
  int group;
  Int8Kernel compute[kChainCounts];
};

/// A target's tables; target.cpp instantiates them.
template <class Simd>
struct ProbeOf {
  static const ProbeKernels kTable;
};
template <class Dot>
struct Int8ProbeOf {
  static const Int8Probe kTable;
};

/// Those that this build and this CPU have, narrowest first; the first is scalar.
std::span<const ProbeKernels* const> probe_kernels();

/// The integer mixes that this build and this CPU have.
std::span<const Int8Probe* const> int8_probes();

/// The widest of probe_kernels() whose mul_add rounds twice.
const ProbeKernels& widest_exact();

}  // namespace optlab::measure::detail
