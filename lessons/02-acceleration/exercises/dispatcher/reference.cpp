#include "exercise.h"
#include "kernels.h"

// A choice by shape, made where the exercise was written: what a dispatcher should come close to, or beat.
void multiply(const float* a, const float* b, float* c, int count, int M, int K, int N, float* scratch,
              int scratch_floats) {
  for (int i = 0; i < count; ++i, a += M * K, b += K * N, c += M * N) {
    if (M * K * N <= 16) {
      kernels::simple(a, b, c, M, K, N);
    } else if (M > 3 && N <= 4 && K * N <= scratch_floats) {
      kernels::narrow(a, b, c, M, K, N, scratch);
    } else if (M > 3 && 8 * K <= scratch_floats) {
      kernels::packed(a, b, c, M, K, N, scratch);
    } else {
      kernels::rows(a, b, c, M, K, N);
    }
  }
}
