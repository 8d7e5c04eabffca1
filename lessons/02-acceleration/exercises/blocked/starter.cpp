#include "exercise.h"

constexpr int kDepth = 64;
constexpr int kColumns = 128;

// Walks over B block by block, and uses each block for all rows of A. Two things are missing: blocks at the edges are left out, and
// an element of C is loaded and stored again for every single product.
void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int i = 0; i < M * N; ++i) c[i] = 0.0f;
  for (int n0 = 0; n0 + kColumns <= N; n0 += kColumns) {
    for (int k0 = 0; k0 + kDepth <= K; k0 += kDepth) {
      for (int m = 0; m < M; ++m) {
        for (int k = k0; k < k0 + kDepth; ++k) {
          for (int n = n0; n < n0 + kColumns; ++n) c[m * N + n] += a[m * K + k] * b[k * N + n];
        }
      }
    }
  }
}
