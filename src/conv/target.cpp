#include "conv/conv_micro_kernel.h"
#include "simd/this_target.h"

/// The tables of the target that this is compiled for (simd/this_target.h).
namespace optlab::conv::detail {

#define OPTLAB_FLOAT(Simd) template const Kernels KernelsOf<Simd>::kTable;

OPTLAB_EXACT_POLICIES(OPTLAB_FLOAT)
OPTLAB_FUSED_POLICIES(OPTLAB_FLOAT)

}  // namespace optlab::conv::detail
