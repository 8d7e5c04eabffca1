// attack: writes far past the end of C, beyond what every call watches | safe fail | past the end of C
#include "exercise.h"

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += a[i * K + k] * b[k * N + j];
  }
  c[M * N + 5000] = 1.0f;
}
