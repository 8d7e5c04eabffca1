#include "exercise.h"

// One thread does it all: the others have nothing to do.
void matmul_part(const float* a, const float* b, float* c, int M, int K, int N, int worker, int workers) {
  if (worker > 0) return;
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k) {
      const float x = a[i * K + k];
      for (int j = 0; j < N; ++j) c[i * N + j] += x * b[k * N + j];
    }
  }
}
