#include "attention/row_micro_kernel.h"
#include "simd/scalar.h"

namespace optlab::attention::detail {

// 8 sums of 4 rows: the 16 registers hold them and their operands.
constinit const Kernels kScalarKernels = make_kernels<simd::Scalar, 4, 2>();
constinit const RowKernels kScalarRowKernels = make_row_kernels<simd::Scalar>();

}  // namespace optlab::attention::detail
