#include "attention/attention_micro_kernel.h"
#include "attention/row_micro_kernel.h"
#include "attention/stored_micro_kernel.h"
#include "simd/this_target.h"

/// The tables of the target that this is compiled for (simd/this_target.h).
namespace optlab::attention::detail {

#define OPTLAB_FLOAT(Simd) template const Kernels KernelsOf<Simd>::kTable;
#define OPTLAB_ROWS(Simd) template const RowKernels RowKernelsOf<Simd>::kTable;
#define OPTLAB_STORED(Simd) template const StoredKernels StoredKernelsOf<Simd>::kTable;

OPTLAB_EXACT_POLICIES(OPTLAB_FLOAT)
OPTLAB_FUSED_POLICIES(OPTLAB_FLOAT)
OPTLAB_EXACT_POLICIES(OPTLAB_ROWS)
OPTLAB_WIDEN_POLICIES(OPTLAB_STORED)

}  // namespace optlab::attention::detail
