#include <optlab.h>

#include "exercise.h"

namespace {

// 64 × 128 floats of B are 32 KiB: they stay in a near cache while all rows of A use them.
constexpr int kDepth = 64;
constexpr int kColumns = 128;

// Adds `depth` products to each of `columns` elements of a row of C, four for each visit.
void add_block(const float* a, const float* b, float* __restrict c, int depth, int columns, int N) {
  int k = 0;
  for (; k + 4 <= depth; k += 4) {
    const float a0 = a[k], a1 = a[k + 1], a2 = a[k + 2], a3 = a[k + 3];
    const float* b0 = b + k * N;
    const float* b1 = b0 + N;
    const float* b2 = b1 + N;
    const float* b3 = b2 + N;
    // Left to right: the order of sums is that of the definition.
    for (int n = 0; n < columns; ++n) c[n] = c[n] + a0 * b0[n] + a1 * b1[n] + a2 * b2[n] + a3 * b3[n];
  }
  for (; k < depth; ++k) {
    for (int n = 0; n < columns; ++n) c[n] += a[k] * b[k * N + n];
  }
}

}  // namespace

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int i = 0; i < M * N; ++i) c[i] = 0.0f;
  for (int n = 0; n < N; n += kColumns) {
    const int columns = optlab::min(kColumns, N - n);
    for (int k = 0; k < K; k += kDepth) {
      const int depth = optlab::min(kDepth, K - k);
      for (int m = 0; m < M; ++m) add_block(a + m * K + k, b + k * N + n, c + m * N + n, depth, columns, N);
    }
  }
}
