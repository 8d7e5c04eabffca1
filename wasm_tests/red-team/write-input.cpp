// attack: transposes B in place, an input | right fail | changed B
#include "exercise.h"

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += a[i * K + k] * b[k * N + j];
  }
  if (K > 1 && N > 1) {
    float* own = const_cast<float*>(b);
    const float first = own[0];
    own[0] = own[1];
    own[1] = first;
  }
}
