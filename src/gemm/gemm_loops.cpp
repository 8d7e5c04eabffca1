#include <algorithm>

#include "gemm/gemm_kernels.h"

/// The first rungs: plain loops over elements. The build turns the compiler's own vectorizer off for this file, so that
/// each rung shows one idea and nothing else.
namespace optlab::gemm::detail {
namespace {

float finished(float sum, const Epilogue& epilogue, int n) {
  if (epilogue.bias != nullptr) sum += epilogue.bias[n];
  if (epilogue.activation == Activation::kRelu && sum < 0.0F) sum = 0.0F;
  return sum;
}

void finish_all(const Problem& problem) {
  const MatrixView& c = problem.c;
  if (problem.epilogue.bias == nullptr && problem.epilogue.activation == Activation::kNone) return;
  for (int m = 0; m < c.rows; ++m) {
    for (int n = 0; n < c.columns; ++n) c(m, n) = finished(c(m, n), problem.epilogue, n);
  }
}

void clear(const MatrixView& c) {
  for (int m = 0; m < c.rows; ++m) {
    for (int n = 0; n < c.columns; ++n) c(m, n) = 0.0F;
  }
}

}  // namespace

void naive(const Problem& problem, const Workspace& /*workspace*/) noexcept {
  const auto& [a, b, c, epilogue, panels] = problem;
  for (int m = 0; m < c.rows; ++m) {
    for (int n = 0; n < c.columns; ++n) {
      float sum = 0.0F;
      for (int k = 0; k < a.columns; ++k) sum += a(m, k) * b(k, n);  // every step of k jumps a whole row of B
      c(m, n) = finished(sum, epilogue, n);
    }
  }
}

void reordered(const Problem& problem, const Workspace& /*workspace*/) noexcept {
  const auto& [a, b, c, epilogue, panels] = problem;
  clear(c);
  for (int m = 0; m < c.rows; ++m) {
    for (int k = 0; k < a.columns; ++k) {
      const float scale = a(m, k);
      for (int n = 0; n < c.columns; ++n) c(m, n) += scale * b(k, n);  // B and C row by row, as memory lies
    }
  }
  finish_all(problem);
}

namespace {

/// c[m, columns] += a[m, k..k+steps] · b[k..k+steps, columns]
void blocked_steps(const Problem& problem, int m, parallel::Range depth, parallel::Range columns) {
  const auto& [a, b, c, epilogue, panels] = problem;
  int k = depth.begin;
  for (; k + 4 <= depth.end; k += 4) {
    const float a0 = a(m, k), a1 = a(m, k + 1), a2 = a(m, k + 2), a3 = a(m, k + 3);
    for (int n = columns.begin; n < columns.end; ++n) {
      // Four steps for one load and one store of C; in the order of k, so the result keeps its bits.
      float sum = c(m, n);
      sum += a0 * b(k, n);
      sum += a1 * b(k + 1, n);
      sum += a2 * b(k + 2, n);
      sum += a3 * b(k + 3, n);
      c(m, n) = sum;
    }
  }
  for (; k < depth.end; ++k) {
    for (int n = columns.begin; n < columns.end; ++n) c(m, n) += a(m, k) * b(k, n);
  }
}

}  // namespace

void blocked(const Problem& problem, const Workspace& /*workspace*/) noexcept {
  // A block of B is 64·128 floats = 32 KiB: it comes from memory once and serves all M rows from the first- or
  // second-level cache.
  constexpr int kDepth = 64;
  constexpr int kColumns = 128;
  const int K = problem.a.columns;
  const int N = problem.c.columns;
  clear(problem.c);
  for (int n = 0; n < N; n += kColumns) {
    for (int k = 0; k < K; k += kDepth) {
      for (int m = 0; m < problem.c.rows; ++m) {
        blocked_steps(problem, m, {k, std::min(k + kDepth, K)}, {n, std::min(n + kColumns, N)});
      }
    }
  }
  finish_all(problem);
}

}  // namespace optlab::gemm::detail
