// attack: calls itself until the stack is full | right trap | stack
#include "exercise.h"

static int deeper(volatile int* level) {
  volatile int here[64];
  here[*level & 63] = ++*level;
  return deeper(level) + here[1];
}

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  volatile int level = 0;
  c[0] = deeper(&level);
}
