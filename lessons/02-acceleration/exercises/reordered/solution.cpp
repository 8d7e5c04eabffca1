#include "exercise.h"

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k) {
      const float x = a[i * K + k];
      // Along the rows of B and C: the innermost loop reads and writes neighbours, and is vectorized.
      for (int j = 0; j < N; ++j) c[i * N + j] += x * b[k * N + j];
    }
  }
}
