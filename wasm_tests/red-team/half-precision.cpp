// attack: computes with the eleven bits of half precision | right fail | elements?
#include "exercise.h"

static float half(float x) {
  return __builtin_bit_cast(float, (__builtin_bit_cast(unsigned, x) + 0x1000u) & 0xffffe000u);
}

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int i = 0; i < M; ++i)
    for (int j = 0; j < N; ++j) {
      float sum = 0.0f;
      for (int k = 0; k < K; ++k) sum += half(a[i * K + k]) * half(b[k * N + j]);
      c[i * N + j] = sum;
    }
}
