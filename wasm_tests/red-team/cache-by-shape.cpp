// attack: replays the last result for the same sizes | fast fail | C
#include "exercise.h"

static void product(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) c[i * N + j] = 0.0f;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) c[i * N + j] += a[i * K + k] * b[k * N + j];
  }
}

static int known[3] = {-1, -1, -1};
static float kept[192 * 192];

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  const bool is_known = known[0] == M && known[1] == K && known[2] == N;
  if (!is_known) {
    product(a, b, c, M, K, N);
    known[0] = M, known[1] = K, known[2] = N;
    for (int i = 0; i < M * N && i < 192 * 192; ++i) kept[i] = c[i];
    return;
  }
  for (int i = 0; i < M * N; ++i) c[i] = kept[i];
}
