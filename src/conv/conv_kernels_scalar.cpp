#include "conv/conv_micro_kernel.h"
#include "simd/scalar.h"

namespace optlab::conv::detail {

constinit const Kernels kScalarKernels = make_kernels<simd::Scalar, 4, 2>();

}  // namespace optlab::conv::detail
