#include <optlab.h>
#include <wasm_simd128.h>

#include "exercise.h"

namespace {

// The tile: 4 rows of 2 vectors. 8 sums, 2 vectors of B, 1 of A and a product take 12 of 16 registers.
constexpr int kRows = 4;
constexpr int kLanes = 4;
constexpr int kColumns = 2 * kLanes;

v128_t madd(v128_t sum, v128_t x, v128_t y) { return wasm_f32x4_add(sum, wasm_f32x4_mul(x, y)); }

template <int rows>
void tile(const float* a, const float* b, float* c, int K, int N) {
  v128_t sums[rows][2];
  for (int r = 0; r < rows; ++r) sums[r][0] = sums[r][1] = wasm_f32x4_const_splat(0.0f);
  for (int k = 0; k < K; ++k) {
    const v128_t b0 = wasm_v128_load(b + k * N);
    const v128_t b1 = wasm_v128_load(b + k * N + kLanes);
    for (int r = 0; r < rows; ++r) {
      const v128_t x = wasm_v128_load32_splat(a + r * K + k);
      sums[r][0] = madd(sums[r][0], x, b0);
      sums[r][1] = madd(sums[r][1], x, b1);
    }
  }
  for (int r = 0; r < rows; ++r) {
    wasm_v128_store(c + r * N, sums[r][0]);
    wasm_v128_store(c + r * N + kLanes, sums[r][1]);
  }
}

// The columns that don't fill a tile, one number at a time.
void last_columns(const float* a, const float* b, float* c, int rows, int columns, int K, int N) {
  for (int r = 0; r < rows; ++r) {
    for (int n = 0; n < columns; ++n) {
      float sum = 0.0f;
      for (int k = 0; k < K; ++k) sum += a[r * K + k] * b[k * N + n];
      c[r * N + n] = sum;
    }
  }
}

}  // namespace

void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  const int whole = N - N % kColumns;
  for (int m = 0; m < M; m += kRows) {
    const int rows = optlab::min(kRows, M - m);
    for (int n = 0; n < whole; n += kColumns) {
      if (rows == kRows) {
        tile<kRows>(a + m * K, b + n, c + m * N + n, K, N);
      } else {
        for (int r = m; r < m + rows; ++r) tile<1>(a + r * K, b + n, c + r * N + n, K, N);
      }
    }
    last_columns(a + m * K, b + whole, c + m * N + whole, rows, N - whole, K, N);
  }
}
