#include "attention/attention_micro_kernel.h"
#include "simd/wasm128.h"

namespace optlab::attention::detail {

// GEMM's tile for this instruction set, since the loop is the same. Prefill of 256 with H = 6, D = 64 spends 53 % of its
// time in it, at 66 GFLOP/s (Node 24 on a Xeon), 23 % in exponentials and maxima.
constinit const Kernels kRelaxedKernels = make_kernels<simd::WasmRelaxed, 6, 2>();

}  // namespace optlab::attention::detail
