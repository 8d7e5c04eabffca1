// attack: reads one element past the end of A | safe trap | past the end of A
#include "exercise.h"

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  volatile float next = a[M * K];
  (void)next;
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += a[i * K + k] * b[k * N + j];
  }
}
