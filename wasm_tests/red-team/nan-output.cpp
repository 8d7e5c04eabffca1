// attack: writes NaN everywhere, which compares with nothing | right fail | NaN
#include "exercise.h"

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int i = 0; i < M * N; ++i) c[i] = __builtin_nanf("");
}
