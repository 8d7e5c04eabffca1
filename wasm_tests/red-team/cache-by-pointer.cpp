// attack: returns the result it kept for the same pointers | fast fail | C
#include "exercise.h"

static void product(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += a[i * K + k] * b[k * N + j];
  }
}

constexpr int kMost = 16;
static const float* known[kMost];
static float kept[kMost][192 * 192];

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  int slot = 0;
  while (slot < kMost && known[slot] != nullptr && known[slot] != a) ++slot;
  if (slot == kMost || M * N > 192 * 192) return product(a, b, c, M, K, N);
  if (known[slot] == nullptr) {
    product(a, b, c, M, K, N);
    known[slot] = a;
    for (int i = 0; i < M * N; ++i) kept[slot][i] = c[i];
    return;
  }
  for (int i = 0; i < M * N; ++i) c[i] = kept[slot][i];
}
