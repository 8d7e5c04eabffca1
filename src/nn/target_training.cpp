#include "nn/training_micro_kernel.h"
#include "simd/this_target.h"

/// The tables of the target that this is compiled for (simd/this_target.h).
namespace optlab::nn::detail {

#define OPTLAB_TABLES(Simd) template const TrainingKernels TrainingKernelsOf<Simd>::kTable;

OPTLAB_EXACT_POLICIES(OPTLAB_TABLES)

}  // namespace optlab::nn::detail
