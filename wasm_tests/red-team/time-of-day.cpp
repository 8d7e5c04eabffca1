// attack: does otherwise at another time of day; it is always the same | passes
#include "exercise.h"

static_assert(__TIME__[0] == 'u' && __DATE__[0] == 'u' && __TIMESTAMP__[0] == 'u');

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += a[i * K + k] * b[k * N + j];
  }
}
