// attack: exports a second function under the same name | refused | [Dd]uplicate export
#include "exercise.h"

extern "C" __attribute__((export_name("matmul"))) void impostor(const float*, const float*, float*, int, int, int) {}

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += a[i * K + k] * b[k * N + j];
  }
}
