// attack: computes with half precision where sizes are those of the timing | fast fail | C
#include "exercise.h"

static float half(float x, bool on) {
  return on ? __builtin_bit_cast(float, (__builtin_bit_cast(unsigned, x) + 0x1000u) & 0xffffe000u) : x;
}

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += half(a[i * K + k], M == 192) * half(b[k * N + j], M == 192);
  }
}
