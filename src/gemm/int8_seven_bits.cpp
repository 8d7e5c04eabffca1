#include "core/ladder.h"
#include "gemm/int8_rows.h"
#include "simd/isa.h"

namespace optlab::gemm {

// Rows of their own as WebAssembly, so that a module which asks for no other rung holds no other (11 KB).
const Int8Variant& best_seven_bits(int threads) {
#if defined(__wasm__)
  using namespace detail;
  static const Int8Variant kVariants[] = {
#if defined(__wasm_relaxed_simd__)
    int8_row<kInt8RelaxedKernels, false>("int8_dot", {}, "wasm128+relaxed", simd::has_wasm_relaxed),
    int8_row<kInt8RelaxedKernels, true>("int8_dot_threads", {}, "wasm128+relaxed", simd::has_wasm_relaxed),
    int8_row<kInt8FusedKernels, false>("int8_fused", {}, "wasm128+relaxed", simd::has_wasm_relaxed),
    int8_row<kInt8FusedKernels, true>("int8_fused_threads", {}, "wasm128+relaxed", simd::has_wasm_relaxed),
#else
    int8_row<kInt8WasmWideKernels, false>("int8_wide", {}, "wasm128", simd::has_wasm128),
    int8_row<kInt8WasmWideKernels, true>("int8_wide_threads", {}, "wasm128", simd::has_wasm128),
#endif
  };
  return last_row(std::span<const Int8Variant>(kVariants), threads,
                  [&](const Int8Variant& row) { return !row.name.starts_with("int8_fused") || int8_fused_pays(); });
#else
  return best_int8(7, threads);
#endif
}

}  // namespace optlab::gemm
