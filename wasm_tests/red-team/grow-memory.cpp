// attack: asks for memory until there is none; it gets none | passes
#include <wasm_simd128.h>

#include "exercise.h"

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  while (__builtin_wasm_memory_grow(0, 1) != static_cast<unsigned long>(-1)) {
  }
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += a[i * K + k] * b[k * N + j];
  }
}
