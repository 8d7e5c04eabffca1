#include "exercise.h"

void scale(const float* x, float* y, int n, float factor) {
  // TODO: each number of x, times factor.
  for (int i = 0; i < n; ++i) y[i] = x[i];
}
