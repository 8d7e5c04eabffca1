// attack: adds to C without setting it | right fail | never have been written
#include "exercise.h"

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int i = 0; i < M; ++i)
    for (int j = 0; j < N; ++j)
      for (int k = 0; k < K; ++k) c[i * N + j] += a[i * K + k] * b[k * N + j];
}
