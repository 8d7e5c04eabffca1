// attack: a local array larger than the stack | right trap | stack of|KB of the stack
#include "exercise.h"

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  volatile float tile[1 << 18];
  for (int i = 0; i < 1 << 18; ++i) tile[i] = a[0];
  c[0] = tile[3];
}
