// attack: the kernel and a function it calls are weak | passes
#include "exercise.h"

extern "C" __attribute__((weak)) void report(int);

__attribute__((weak)) void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  if (report) report(M);
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += a[i * K + k] * b[k * N + j];
  }
}
