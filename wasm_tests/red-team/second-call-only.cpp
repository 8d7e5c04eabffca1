// attack: right only from the second call on | right fail | never have been written
#include "exercise.h"

static void product(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += a[i * K + k] * b[k * N + j];
  }
}

static int calls;

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  if (calls++ > 0) product(a, b, c, M, K, N);
}
