#include "gemm/gemm_micro_kernel.h"
#include "gemm/int8_micro_kernel.h"
#include "gemm/weight_only_micro_kernel.h"
#include "simd/this_target.h"

/// The tables of the target that this is compiled for (simd/this_target.h).
namespace optlab::gemm::detail {

#define OPTLAB_FLOAT(Simd) template const Kernels KernelsOf<Simd>::kTable;
#define OPTLAB_WEIGHTS(Simd) template const WeightOnlyKernels WeightOnlyKernelsOf<Simd>::kTable;
#define OPTLAB_INT8(Dot) template const Int8Kernels Int8KernelsOf<Dot>::kTable;

OPTLAB_EXACT_POLICIES(OPTLAB_FLOAT)
OPTLAB_FUSED_POLICIES(OPTLAB_FLOAT)
OPTLAB_WIDEN_POLICIES(OPTLAB_WEIGHTS)
OPTLAB_DOT_POLICIES(OPTLAB_INT8)

}  // namespace optlab::gemm::detail
