// attack: sleeps in an atomic wait | refused | atomics
#include "exercise.h"

__attribute__((target("atomics"))) void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  static int word;
  __builtin_wasm_memory_atomic_wait32(&word, 0, 1000000000);
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += a[i * K + k] * b[k * N + j];
  }
}
