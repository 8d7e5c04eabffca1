// attack: reads past the end of B with the checks switched off by an attribute | safe trap | past the end of B
#include "exercise.h"

__attribute__((no_sanitize("all"))) void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  volatile float next = b[K * N];
  (void)next;
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += a[i * K + k] * b[k * N + j];
  }
}
