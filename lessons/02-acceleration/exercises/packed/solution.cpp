#include <optlab.h>

#include "exercise.h"

namespace {

constexpr int kPanel = 8;
constexpr int kRows = 4;

// `rows` × 8 sums stay in registers for all of K; of them `columns` belong to C. The panel is read from first to last float.
template <int rows>
void tile(const float* a, const float* panel, float* c, int columns, int K, int N) {
  float sums[rows][kPanel] = {};
  for (int k = 0; k < K; ++k) {
    for (int r = 0; r < rows; ++r) {
      for (int j = 0; j < kPanel; ++j) sums[r][j] += a[r * K + k] * panel[k * kPanel + j];
    }
  }
  if (columns == kPanel) {
    for (int r = 0; r < rows; ++r) {
      for (int j = 0; j < kPanel; ++j) c[r * N + j] = sums[r][j];
    }
    return;
  }
  // A variable index would keep the sums in memory all along; a condition does not.
  for (int r = 0; r < rows; ++r) {
    for (int j = 0; j < kPanel; ++j) {
      if (j < columns) c[r * N + j] = sums[r][j];
    }
  }
}

}  // namespace

void pack_b(const float* b, float* panels, int K, int N) {
  for (int n = 0; n < N; n += kPanel) {
    const int columns = optlab::min(kPanel, N - n);
    for (int k = 0; k < K; ++k) {
      for (int j = 0; j < kPanel; ++j) *panels++ = j < columns ? b[k * N + n + j] : 0.0f;
    }
  }
}

void matmul_packed(const float* a, const float* panels, float* c, int M, int K, int N) {
  // A panel is fetched once and serves all rows.
  for (int n = 0; n < N; n += kPanel, panels += K * kPanel) {
    const int columns = optlab::min(kPanel, N - n);
    int m = 0;
    for (; m + kRows <= M; m += kRows) tile<kRows>(a + m * K, panels, c + m * N + n, columns, K, N);
    for (; m < M; ++m) tile<1>(a + m * K, panels, c + m * N + n, columns, K, N);
  }
}
