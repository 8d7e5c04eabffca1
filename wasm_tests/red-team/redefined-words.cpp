// attack: redefines the words that the header is made of, to have another signature | refused | conflicting types|overload
#define float int
#include "exercise.h"

extern "C" void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  c[0] = a[0] + b[0] + M + K + N;
}
