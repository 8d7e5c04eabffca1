#include "simd/this_target.h"
#include "train/optimizer_micro_kernel.h"

/// The tables of the target that this is compiled for (simd/this_target.h).
namespace optlab::train::detail {

#define OPTLAB_TABLES(Simd) template const OptimizerKernels OptimizerKernelsOf<Simd>::kTable;

OPTLAB_EXACT_POLICIES(OPTLAB_TABLES)

}  // namespace optlab::train::detail
