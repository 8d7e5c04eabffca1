/// What the tests of products share: operands with gaps, results whose surroundings are watched.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "core/test_support.h"
#include "gemm/gemm.h"

namespace optlab::gemm {

struct Dimensions {
  int M, K, N;
};

inline std::string describe(std::string_view variant, const Dimensions& d) {
  return std::string(variant) + " at M=" + std::to_string(d.M) + " K=" + std::to_string(d.K) +
         " N=" + std::to_string(d.N);
}

/// A random matrix inside a larger buffer: strides longer than a row, optionally stored transposed.
struct Operand {
  Operand(int rows, int columns, std::uint32_t stream, int padding, bool transposed)
      : data(random_values(
            static_cast<std::size_t>(transposed ? columns : rows) * ((transposed ? rows : columns) + padding),
            stream)) {
    view = transposed ? ConstMatrixView{data.data(), rows, columns, 1, rows + padding}
                      : ConstMatrixView{data.data(), rows, columns, columns + padding, 1};
  }
  std::vector<float> data;
  ConstMatrixView view;
};

/// C in a buffer whose gaps and surroundings must stay as they were.
struct Result {
  Result(int rows, int columns, int padding = 3)
      : stride(std::max(columns + padding, 1)), data(static_cast<std::size_t>(rows + 2) * stride + 1, kUntouched) {
    view = {data.data() + stride, rows, columns, stride, 1};
  }
  std::vector<float> values() const {
    std::vector<float> result;
    for (int m = 0; m < view.rows; ++m) result.insert(result.end(), view.row(m), view.row(m) + view.columns);
    return result;
  }
  std::uint64_t digest() const { return digest_of(values()); }
  bool surroundings_untouched() const {
    for (std::size_t i = 0; i < data.size(); ++i) {
      const auto offset = static_cast<std::ptrdiff_t>(i) - stride;
      const bool inside = offset >= 0 && offset / stride < view.rows && offset % stride < view.columns;
      if (!inside && data[i] != kUntouched) return false;
    }
    return true;
  }
  std::ptrdiff_t stride;
  std::vector<float> data;
  MatrixView view;
};

/// C = A·B within the error that fast rungs may have: 2·K·ε·(|A||B|), element by element.
inline void expect_within_bound(const ConstMatrixView& a, const ConstMatrixView& b, const ConstMatrixView& c,
                                const std::string& what) {
  for (int m = 0; m < c.rows; ++m) {
    for (int n = 0; n < c.columns; ++n) {
      double exact = 0, magnitude = 0;
      for (int k = 0; k < b.rows; ++k) {
        exact += double{a(m, k)} * b(k, n);
        magnitude += std::abs(double{a(m, k)} * b(k, n));
      }
      ASSERT_LE(std::abs(c(m, n) - exact), 2.0 * b.rows * 0x1p-24 * magnitude) << what;
    }
  }
}

}  // namespace optlab::gemm
