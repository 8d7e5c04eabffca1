#include "exercise.h"
#include "kernels.h"

namespace {

enum class Choice { simple, rows, narrow, packed };

/// Below this many multiply-adds preparing anything costs more than the product.
constexpr int kTinyWork = 32;
/// From this many rows on a copy of B is used often enough.
constexpr int kRowsWorthACopy = 4;

/// Each kernel only where it may be used at all, and of those the one that pays.
Choice choose(int M, int K, int N, int scratch_floats) {
  if (M * K * N < kTinyWork) return Choice::simple;
  if (M < kRowsWorthACopy) return Choice::rows;
  if (N <= 4 && K * N <= scratch_floats) return Choice::narrow;
  if (8 * K <= scratch_floats) return Choice::packed;
  return Choice::rows;
}

}  // namespace

void multiply(const float* a, const float* b, float* c, int count, int M, int K, int N, float* scratch,
              int scratch_floats) {
  const Choice choice = choose(M, K, N, scratch_floats);  // one shape, one choice
  for (int i = 0; i < count; ++i, a += M * K, b += K * N, c += M * N) {
    switch (choice) {
      case Choice::simple:
        kernels::simple(a, b, c, M, K, N);
        break;
      case Choice::rows:
        kernels::rows(a, b, c, M, K, N);
        break;
      case Choice::narrow:
        kernels::narrow(a, b, c, M, K, N, scratch);
        break;
      case Choice::packed:
        kernels::packed(a, b, c, M, K, N, scratch);
        break;
    }
  }
}
