// attack: relaxed SIMD by a pragma for all functions | refused | relaxed-simd
#include <wasm_simd128.h>

#include "exercise.h"
#pragma clang attribute push(__attribute__((target("relaxed-simd"))), apply_to = function)

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  const v128_t x = wasm_v128_load(a);
  wasm_v128_store(c, __builtin_wasm_relaxed_madd_f32x4(x, x, x));
}
#pragma clang attribute pop
