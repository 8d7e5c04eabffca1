// attack: loops for ever | right timeout | still running
#include "exercise.h"

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  volatile int forever = 1;
  while (forever) c[0] += a[0] * b[0];
}
