#include "attention/stored_micro_kernel.h"
#include "simd/widen_wasm128.h"

namespace optlab::attention::detail {

constinit const StoredKernels kRelaxedStored = make_stored_kernels<simd::Wasm128Widen<simd::WasmRelaxed>, 2, 1, 4>();

}  // namespace optlab::attention::detail
