#include "sparse/block_matrix.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "core/rng.h"
#include "core/test_support.h"

namespace optlab::sparse {
namespace {

/// Random weights of which about `density` are not zero.
std::vector<float> pruned_values(int K, int N, double density, std::uint32_t stream) {
  std::vector<float> values(static_cast<std::size_t>(K) * N);
  Rng(7, stream).fill_uniform(values, -1.0F, 1.0F);
  const Rng places(8, stream);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (places.uniform(i) >= density) values[i] = 0.0F;
  }
  return values;
}

std::vector<float> dense_of(const BlockMatrix& matrix) {
  const Tensor dense = matrix.to_dense();
  return {dense.values().begin(), dense.values().end()};
}

TEST(BlockMatrix, GivesBackWhatItWasMadeFrom) {
  for (const Format format : kFormats) {
    for (const auto& [K, N] : std::vector<std::pair<int, int>>{
             {0, 0}, {0, 5}, {5, 0}, {1, 1}, {3, 2}, {4, 4}, {5, 9}, {7, 31}, {64, 300}, {37, 257}}) {
      for (const double density : {0.0, 0.1, 0.5, 1.0}) {
        const std::vector<float> values = pruned_values(K, N, density, 1);
        const BlockMatrix matrix(matrix_view(values, K, N), format);
        EXPECT_EQ(dense_of(matrix), values) << name_of(format) << " " << K << "x" << N;
        EXPECT_EQ(matrix.rows(), K);
        EXPECT_EQ(matrix.columns(), N);
        EXPECT_EQ(matrix.nonzeros(), std::ranges::count_if(values, [](float v) { return v != 0.0F; }));
        EXPECT_EQ(matrix.bytes(), matrix.blocks() * (4U + 4U * shape_of(format).size()) + 8U * matrix.panels() + 4U);
      }
    }
  }
}

TEST(BlockMatrix, ReadsAnyStrides) {
  const std::vector<float> values = pruned_values(9, 14, 0.4, 2);
  for (const Format format : kFormats) {
    const ConstMatrixView transposed = ConstMatrixView(matrix_view(values, 14, 9)).transposed();
    const Tensor dense = BlockMatrix(transposed, format).to_dense();
    for (int k = 0; k < 9; ++k) {
      for (int n = 0; n < 14; ++n) EXPECT_EQ(dense.matrix()(k, n), transposed(k, n));
    }
  }
}

TEST(BlockMatrix, KeepsABlockIfOneOfItsWeightsStays) {
  std::vector<float> values(8 * 8);
  values[1 * 8 + 6] = 3.0F;  // k = 1, n = 6
  values[6 * 8 + 6] = std::numeric_limits<float>::quiet_NaN();
  values[7 * 8 + 1] = -0.0F;
  const auto view = matrix_view(values, 8, 8);
  EXPECT_EQ(CsrMatrix(view).blocks(), 2);
  const BlockMatrix row(view, Format::kBlock1x4);
  EXPECT_EQ(row.blocks(), 2);
  EXPECT_EQ(row.density(), 2.0 / 16);
  EXPECT_EQ(row.nonzeros(), 2);
  EXPECT_EQ(row.order()[0], 1);  // the fuller panel first
  EXPECT_EQ((std::vector<std::int32_t>(row.indices().begin(), row.indices().end())), (std::vector<std::int32_t>{1, 6}));
  EXPECT_EQ((std::vector<float>(row.values().begin(), row.values().begin() + 4)), (std::vector<float>{0, 0, 3, 0}));
  const BlockMatrix square(view, Format::kBlock4x4);
  EXPECT_EQ(square.density(), 2.0 / 4);
  EXPECT_EQ(square.indices()[1], 4);
  EXPECT_EQ(square.values()[1 * 4 + 2], 3.0F);
}

TEST(BlockMatrix, AMaskPrunes) {
  const std::vector<float> values{1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<std::uint8_t> mask{1, 0, 1, 0, 0, 0, 0, 0};
  for (const Format format : kFormats) {
    const BlockMatrix matrix(matrix_view(values, 2, 4), format, matrix_view(mask, 2, 4));
    EXPECT_EQ(dense_of(matrix), (std::vector<float>{1, 0, 3, 0, 0, 0, 0, 0})) << name_of(format);
    EXPECT_EQ(matrix.nonzeros(), 2);
  }
  EXPECT_EQ(BlockMatrix(matrix_view(values, 2, 4), Format::kBlock1x4, matrix_view(mask, 2, 4)).density(), 0.5);
}

TEST(BlockMatrix, TakesLists) {
  const std::vector<std::int32_t> starts{0, 1, 1, 3}, indices{2, 0, 1};
  const std::vector<float> values{5, 6, 7};
  EXPECT_EQ(dense_of(CsrMatrix(3, 3, starts, indices, values)), (std::vector<float>{0, 0, 6, 0, 0, 7, 5, 0, 0}));
  const std::vector<std::int32_t> block_starts{0, 0, 1}, block_indices{1};
  const std::vector<float> block{1, 2, 0, 0};
  EXPECT_EQ(dense_of(BlockMatrix(2, 6, Format::kBlock1x4, block_starts, block_indices, block)),
            (std::vector<float>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2}));
}

TEST(BlockMatrix, OrdersPanelsByFullnessWithinWindows) {
  constexpr int K = 40, N = 150;
  const BlockMatrix matrix(matrix_view(pruned_values(K, N, 0.3, 3), K, N), Format::kCsr);
  std::vector<int> seen(N);
  for (int position = 0; position < N; ++position) {
    ++seen[matrix.order()[position]];
    EXPECT_EQ(matrix.order()[position] / BlockMatrix::kWindow, position / BlockMatrix::kWindow);
    if (position % BlockMatrix::kWindow == 0) continue;
    const auto blocks = [&](int p) { return matrix.starts()[p + 1] - matrix.starts()[p]; };
    EXPECT_LE(blocks(position), blocks(position - 1));
  }
  EXPECT_EQ(seen, std::vector<int>(N, 1));
}

TEST(BlockMatrix, RefusesWhatIsNoMatrixAndSaysWhere) {
  const std::vector<float> data(64, 1.0F);
  const std::vector<std::uint8_t> mask(6);
  const auto dense = [&](ConstMatrixView w, Mask m = {}) {
    return message_of<std::invalid_argument>([&] { BlockMatrix(w, Format::kBlock1x4, m); });
  };
  const auto has = [](const std::string& message, const char* text) {
    EXPECT_NE(message.find(text), std::string::npos) << message;
  };
  has(dense({data.data(), -1, 3, 3, 1}), "[-1,3] has a negative dimension");
  has(dense({data.data(), 65536, 65536, 0, 0}), "more than 2147483647 elements");
  has(dense({nullptr, 2, 3, 3, 1}), "W is [2,3] without data");
  has(dense(matrix_view(data, 8, 8), matrix_view(mask, 2, 3)), "the mask is [2,3], W [8,8]");
  has(message_of<std::invalid_argument>([] { format_named("coo"); }), "\"coo\"; there are csr, block1x4, block4x4");

  using Ints = std::vector<std::int32_t>;
  const auto lists = [&](Format format, const Ints& starts, const Ints& indices, std::size_t values) {
    return message_of<std::invalid_argument>(
        [&] { BlockMatrix(6, 5, format, starts, indices, std::span(data).first(values)); });
  };
  has(lists(Format::kCsr, {0, 1}, {0}, 1), "starts has 2 entries; 5 columns as csr need 6");
  has(lists(Format::kCsr, {1, 1, 1, 1, 1, 1}, {0}, 1), "starts[0] is 1; it must be 0");
  has(lists(Format::kCsr, {0, 1, 1, 1, 1, 2}, {0}, 1), "starts ends with 2, but there are 1 indices");
  has(lists(Format::kCsr, {0, 2, 1, 1, 1, 1}, {0}, 1), "starts[2] is 1; it must not fall");
  has(lists(Format::kCsr, {0, 1, 1, 1, 1, 1}, {0}, 2), "2 values for 1 indices; each needs 1");
  has(lists(Format::kCsr, {0, 1, 1, 1, 1, 1}, {6}, 1), "indices[0] is 6; K is 6");
  has(lists(Format::kCsr, {0, 1, 1, 1, 1, 1}, {-1}, 1), "indices[0] is -1; K is 6");
  has(lists(Format::kCsr, {0, 0, 2, 2, 2, 2}, {3, 3}, 2), "indices[1] is 3; the indices of a panel must ascend");
  has(lists(Format::kBlock4x4, {0, 1, 1}, {2}, 16), "indices[0] is 2; blocks start at multiples of 4");
  has(lists(Format::kBlock4x4, {0, 1, 1}, {4}, 16), "values[8] is beyond K or N and not zero");
  has(lists(Format::kBlock1x4, {0, 0, 1}, {4}, 4), "values[1] is beyond K or N and not zero");
}

}  // namespace
}  // namespace optlab::sparse
