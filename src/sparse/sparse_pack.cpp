#include <algorithm>

#include "sparse/sparse_kernels.h"

namespace optlab::sparse::detail {
namespace {

using Vector = float __attribute__((vector_size(16), aligned(4), may_alias));

const Vector& vector_at(const float* from) { return *reinterpret_cast<const Vector*>(from); }
Vector& vector_at(float* to) { return *reinterpret_cast<Vector*>(to); }

/// Rows to columns, in registers.
void transpose(Vector (&rows)[4]) {
  const Vector low01 = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
  const Vector low23 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
  const Vector high01 = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  const Vector high23 = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  rows[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
  rows[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
  rows[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
  rows[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
}

// What a sum goes through: + bias, then the activation. A NaN stays a NaN, and -0 a -0, as in gemm.

float finished(float sum, const float* bias, gemm::Activation activation) {
  if (bias != nullptr) sum += *bias;
  return activation == gemm::Activation::kRelu && sum < 0.0F ? 0.0F : sum;
}

Vector finished(Vector sum, const Vector* bias, gemm::Activation activation) {
  if (bias != nullptr) sum += *bias;
  const Vector zero{};
  return activation == gemm::Activation::kRelu ? (sum < zero ? zero : sum) : sum;
}

}  // namespace

void pack_rows(const ConstMatrixView& a, int width, int depth, float* to) noexcept {
  // Sixteen floats, a cache line, of four rows at a time: a line of A is read once, and `to` written close together.
  constexpr int kLine = 16;
  const int quads = a.column_stride == 1 ? a.rows / 4 * 4 : 0;
  for (int k0 = 0; k0 < a.columns; k0 += kLine) {
    const int end = std::min(k0 + kLine, a.columns);
    for (int r = 0; r < quads; r += 4) {
      int k = k0;
      for (; k + 4 <= end; k += 4) {
        Vector rows[4];
        for (int i = 0; i < 4; ++i) rows[i] = vector_at(a.row(r + i) + k);
        transpose(rows);
        for (int i = 0; i < 4; ++i) vector_at(to + std::ptrdiff_t{k + i} * width + r) = rows[i];
      }
      for (; k < end; ++k) {
        for (int i = 0; i < 4; ++i) to[std::ptrdiff_t{k} * width + r + i] = a(r + i, k);
      }
    }
    for (int k = k0; k < end; ++k) {
      float* row = to + std::ptrdiff_t{k} * width;
      for (int r = quads; r < a.rows; ++r) row[r] = a(r, k);
      std::fill(row + a.rows, row + width, 0.0F);
    }
  }
  std::fill(to + std::ptrdiff_t{a.columns} * width, to + std::ptrdiff_t{depth} * width, 0.0F);
}

void store_transposed(const float* sums, int width, const MatrixView& c, const float* bias,
                      gemm::Activation activation) noexcept {
  const int quad_rows = c.rows / 4 * 4;
  const int quad_columns = c.columns / 4 * 4;
  for (int n = 0; n < quad_columns; n += 4) {
    const Vector* add = bias == nullptr ? nullptr : &vector_at(bias + n);
    for (int m = 0; m < quad_rows; m += 4) {
      Vector rows[4];
      for (int i = 0; i < 4; ++i) rows[i] = vector_at(sums + (n + i) * width + m);
      transpose(rows);
      for (int i = 0; i < 4; ++i) vector_at(c.row(m + i) + n) = finished(rows[i], add, activation);
    }
  }
  for (int m = 0; m < c.rows; ++m) {
    for (int n = m < quad_rows ? quad_columns : 0; n < c.columns; ++n) {
      c(m, n) = finished(sums[n * width + m], bias == nullptr ? nullptr : bias + n, activation);
    }
  }
}

void store_row(const float* sums, int count, float* c, const float* bias, gemm::Activation activation) noexcept {
  for (int n = 0; n < count; ++n) c[n] = finished(sums[n], bias == nullptr ? nullptr : bias + n, activation);
}

}  // namespace optlab::sparse::detail
