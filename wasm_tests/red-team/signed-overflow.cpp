// attack: signed overflow, which may become anything | safe trap | signed integer addition overflow
#include "exercise.h"

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += a[i * K + k] * b[k * N + j];
  }
  volatile int large = 2147483647;
  volatile int sum = large + 1;
  (void)sum;
}
