#include "exercise.h"

void matmul_part(const float* a, const float* b, float* c, int M, int K, int N, int worker, int workers) {
  // Rows worker·M/workers to (worker+1)·M/workers: they differ by at most one row, and the last ends at M. In 64 bits,
  // since worker·M may be larger than an int.
  const int first = static_cast<int>(static_cast<int64_t>(worker) * M / workers);
  const int last = static_cast<int>(static_cast<int64_t>(worker + 1) * M / workers);
  for (int i = first; i < last; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k) {
      const float x = a[i * K + k];
      for (int j = 0; j < N; ++j) c[i * N + j] += x * b[k * N + j];
    }
  }
}
