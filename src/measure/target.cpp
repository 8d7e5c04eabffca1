#include "measure/int8_probe_micro_kernel.h"
#include "measure/probe_micro_kernel.h"
#include "simd/this_target.h"

/// The tables of the target that this is compiled for (simd/this_target.h).
namespace optlab::measure::detail {

#define OPTLAB_FLOAT(Simd) template const ProbeKernels ProbeOf<Simd>::kTable;
#define OPTLAB_INT8(Dot) template const Int8Probe Int8ProbeOf<Dot>::kTable;

OPTLAB_EXACT_POLICIES(OPTLAB_FLOAT)
OPTLAB_FUSED_POLICIES(OPTLAB_FLOAT)
OPTLAB_DOT_POLICIES(OPTLAB_INT8)

}  // namespace optlab::measure::detail
