// attack: assembly that moves the stack pointer | refused | assembly is disabled
#include "exercise.h"

asm(".globl __stack_pointer");

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  asm volatile("i32.const 1048576\n global.set __stack_pointer");
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += a[i * K + k] * b[k * N + j];
  }
}
