#include "exercise.h"

// Worker w computes row w. Which rows does nobody compute? And how should they be divided?
void matmul_part(const float* a, const float* b, float* c, int M, int K, int N, int worker, int workers) {
  const int i = worker;
  if (i >= M) return;
  for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
  for (int k = 0; k < K; ++k) {
    const float x = a[i * K + k];
    for (int j = 0; j < N; ++j) c[i * N + j] += x * b[k * N + j];
  }
}
