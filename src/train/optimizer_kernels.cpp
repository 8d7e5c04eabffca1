#include "train/optimizer_kernels.h"

#include "simd/targets.h"

namespace optlab::train::detail {

const OptimizerKernels& optimizer_kernels() {
  return simd::widest_exact<OptimizerKernels>(
      []<class Simd>() -> const OptimizerKernels& { return OptimizerKernelsOf<Simd>::kTable; });
}

}  // namespace optlab::train::detail
