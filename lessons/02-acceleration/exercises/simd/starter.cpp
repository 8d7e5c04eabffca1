#include <wasm_simd128.h>

#include "exercise.h"

// One row of C, four columns at a time. It stops where no four columns are left, and it computes only one row per load of B:
// give it a tile of several rows and vectors, and the columns at the end.
void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int m = 0; m < M; ++m) {
    for (int n = 0; n + 4 <= N; n += 4) {
      v128_t sum = wasm_f32x4_const_splat(0.0f);
      for (int k = 0; k < K; ++k) {
        const v128_t x = wasm_v128_load32_splat(a + m * K + k);
        sum = wasm_f32x4_add(sum, wasm_f32x4_mul(x, wasm_v128_load(b + k * N + n)));
      }
      wasm_v128_store(c + m * N + n, sum);
    }
  }
}
