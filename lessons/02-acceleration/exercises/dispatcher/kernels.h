// The kernels to choose from. All compute C = A·B for one product: a is M×K, b is K×N, c is M×N, rows one after the other.
#pragma once

#include <optlab.h>
#include <wasm_simd128.h>

namespace kernels {

/// The definition, one element after the other. For any shape; begins at once, has no memory of its own.
inline void simple(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int m = 0; m < M; ++m) {
    for (int n = 0; n < N; ++n) {
      float sum = 0.0f;
      for (int k = 0; k < K; ++k) sum += a[m * K + k] * b[k * N + n];
      c[m * N + n] = sum;
    }
  }
}

/// Walks along the rows of B, where they lie, and adds each to a row of C. For any shape; reads all of B again for each row of A.
inline void rows(const float* a, const float* b, float* __restrict c, int M, int K, int N) {
  for (int m = 0; m < M; ++m) {
    for (int n = 0; n < N; ++n) c[m * N + n] = 0.0f;
    for (int k = 0; k < K; ++k) {
      const float x = a[m * K + k];
      for (int n = 0; n < N; ++n) c[m * N + n] += x * b[k * N + n];
    }
  }
}

/// Transposes B into `scratch`, then takes dot products along the rows of A, with lanes along k. For any shape; `scratch` holds K·N
/// floats. A column of B is read again for each row of A, so it is meant for few columns.
inline void narrow(const float* a, const float* b, float* c, int M, int K, int N, float* scratch) {
  for (int n = 0; n < N; ++n) {
    for (int k = 0; k < K; ++k) scratch[n * K + k] = b[k * N + n];
  }
  for (int m = 0; m < M; ++m) {
    const float* row = a + m * K;
    for (int n = 0; n < N; ++n) {
      const float* column = scratch + n * K;
      v128_t sums[4] = {};
      int k = 0;
      for (; k + 16 <= K; k += 16) {
        for (int i = 0; i < 4; ++i) {
          const v128_t x = wasm_v128_load(row + k + 4 * i);
          sums[i] = wasm_f32x4_add(sums[i], wasm_f32x4_mul(x, wasm_v128_load(column + k + 4 * i)));
        }
      }
      const v128_t all = wasm_f32x4_add(wasm_f32x4_add(sums[0], sums[1]), wasm_f32x4_add(sums[2], sums[3]));
      float sum = wasm_f32x4_extract_lane(all, 0) + wasm_f32x4_extract_lane(all, 1) + wasm_f32x4_extract_lane(all, 2) +
                  wasm_f32x4_extract_lane(all, 3);
      for (; k < K; ++k) sum += row[k] * column[k];
      c[m * N + n] = sum;
    }
  }
}

template <int kRows>
void packed_tile(const float* a, const float* panel, float* c, int columns, int K, int N) {
  v128_t sums[kRows][2] = {};
  for (int k = 0; k < K; ++k) {
    const v128_t b0 = wasm_v128_load(panel + 8 * k);
    const v128_t b1 = wasm_v128_load(panel + 8 * k + 4);
    for (int r = 0; r < kRows; ++r) {
      const v128_t x = wasm_v128_load32_splat(a + r * K + k);
      sums[r][0] = wasm_f32x4_add(sums[r][0], wasm_f32x4_mul(x, b0));
      sums[r][1] = wasm_f32x4_add(sums[r][1], wasm_f32x4_mul(x, b1));
    }
  }
  if (columns == 8) {
    for (int r = 0; r < kRows; ++r) {
      wasm_v128_store(c + r * N, sums[r][0]);
      wasm_v128_store(c + r * N + 4, sums[r][1]);
    }
    return;
  }
  float rest[kRows][8];
  for (int r = 0; r < kRows; ++r) {
    wasm_v128_store(rest[r], sums[r][0]);
    wasm_v128_store(rest[r] + 4, sums[r][1]);
    for (int n = 0; n < columns; ++n) c[r * N + n] = rest[r][n];
  }
}

/// Copies 8 columns of B at a time into `scratch` and multiplies all rows of A by them, in register tiles of 6 × 8. For any shape;
/// `scratch` holds 8·K floats.
inline void packed(const float* a, const float* b, float* c, int M, int K, int N, float* scratch) {
  for (int n = 0; n < N; n += 8) {
    const int columns = optlab::min(8, N - n);
    for (int k = 0; k < K; ++k) {
      for (int j = 0; j < 8; ++j) scratch[8 * k + j] = j < columns ? b[k * N + n + j] : 0.0f;
    }
    int m = 0;
    for (; m + 6 <= M; m += 6) packed_tile<6>(a + m * K, scratch, c + m * N + n, columns, K, N);
    for (; m < M; ++m) packed_tile<1>(a + m * K, scratch, c + m * N + n, columns, K, N);
  }
}

}  // namespace kernels
