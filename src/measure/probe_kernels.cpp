#include "measure/probe_kernels.h"

#include <vector>

#include "simd/targets.h"

namespace optlab::measure::detail {
namespace {

std::vector<const ProbeKernels*> available() {
  std::vector<const ProbeKernels*> kernels = {&ProbeOf<simd::Scalar>::kTable};
  simd::for_each_target([&]<class Simd>(const simd::Target& target) {
    if (target.supported()) kernels.push_back(&ProbeOf<Simd>::kTable);
  });
  return kernels;
}

std::vector<const Int8Probe*> available_int8() {
  std::vector<const Int8Probe*> probes;
  simd::for_each_dot_target([&]<class Dot>(const simd::DotTarget& target) {
    if (target.supported()) probes.push_back(&Int8ProbeOf<Dot>::kTable);
  });
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
  const ProbeKernels* widest = &ProbeOf<simd::Scalar>::kTable;
  for (const ProbeKernels* kernels : probe_kernels()) {
    if (!kernels->fused) widest = kernels;
  }
  return *widest;
}

}  // namespace optlab::measure::detail
