#include "exercise.h"

constexpr int kPanel = 8;

// Copies B as it is: the panels have to be cut out of it.
void pack_b(const float* b, float* panels, int K, int N) {
  for (int i = 0; i < K * N; ++i) panels[i] = b[i];
}

// Computes whole panels only, and a single element at a time.
void matmul_packed(const float* a, const float* panels, float* c, int M, int K, int N) {
  for (int n = 0; n + kPanel <= N; n += kPanel) {
    const float* panel = panels + n * K;
    for (int m = 0; m < M; ++m) {
      for (int j = 0; j < kPanel; ++j) {
        float sum = 0.0f;
        for (int k = 0; k < K; ++k) sum += a[m * K + k] * panel[k * kPanel + j];
        c[m * N + n + j] = sum;
      }
    }
  }
}
