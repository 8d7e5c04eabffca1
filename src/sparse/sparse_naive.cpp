#include "sparse/sparse_kernels.h"

/// The first rung: plain loops over stored weights. The build turns the compiler's own vectorizer off for this file.
namespace optlab::sparse::detail {
namespace {

float finished(float sum, const gemm::Epilogue& epilogue, int n) {
  if (epilogue.bias != nullptr) sum += epilogue.bias[n];
  if (epilogue.activation == gemm::Activation::kRelu && sum < 0.0F) sum = 0.0F;
  return sum;
}

}  // namespace

void naive(const Problem& problem, const gemm::Workspace& /*workspace*/) noexcept {
  const auto& [a, w, c, epilogue] = problem;
  const BlockShape shape = shape_of(w.format());
  for (int m = 0; m < c.rows; ++m) {
    for (int position = 0; position < w.panels(); ++position) {
      const int first = w.order()[position] * shape.columns;
      for (int j = 0; j < shape.columns && first + j < c.columns; ++j) {
        float sum = 0.0F;
        for (int b = w.starts()[position]; b < w.starts()[position + 1]; ++b) {
          const int k = w.indices()[b];
          const float* block = w.values().data() + std::ptrdiff_t{b} * shape.size();
          for (int i = 0; i < shape.depth && k + i < a.columns; ++i) sum += a(m, k + i) * block[i * shape.columns + j];
        }
        c(m, first + j) = finished(sum, epilogue, first + j);
      }
    }
  }
}

}  // namespace optlab::sparse::detail
