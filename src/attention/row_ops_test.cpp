#include "attention/row_ops.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/digest.h"
#include "core/math.h"
#include "core/test_support.h"

namespace optlab::attention {
namespace {

constexpr int kColumns[] = {0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 47, 63, 64, 101, 127, 128, 257, 1000};
constexpr int kRows[] = {0, 1, 3, 17};
using Operation = std::function<void(const RowVariant&, ConstMatrixView, MatrixView, parallel::ThreadPool&)>;

struct Named {
  std::string name;
  Operation run;
};

/// Every operation from X to Y; weights and biases are functions of the column count.
std::vector<Named> operations() {
  const auto weight = [](int N) { return random_values(N, 11, 1.5F); };
  const auto bias = [](int N) { return random_values(N, 12, 1.5F); };
  return {{"softmax", softmax},
          {"gelu", gelu},
          {"silu", silu},
          {"rms_norm", [=](const RowVariant& v, ConstMatrixView x, MatrixView y,
                           parallel::ThreadPool& pool) { rms_norm(v, x, weight(x.columns), 1e-5F, y, pool); }},
          {"layer_norm", [=](const RowVariant& v, ConstMatrixView x, MatrixView y, parallel::ThreadPool& pool) {
             layer_norm(v, x, weight(x.columns), bias(x.columns), 1e-5F, y, pool);
           }}};
}

/// Y's values by `variant`, its gaps checked.
std::vector<float> result_of(const Named& operation, const RowVariant& variant, const std::vector<float>& x, int rows,
                             int columns, bool in_place, parallel::ThreadPool& pool) {
  constexpr int kPadding = 3;
  const int stride = columns + kPadding;
  std::vector<float> from(static_cast<std::size_t>(rows) * stride + 1, kUntouched), to = from;
  for (int m = 0; m < rows; ++m) {
    for (int n = 0; n < columns; ++n) from[m * stride + n] = x[m * columns + n];
  }
  std::vector<float>& target = in_place ? from : to;
  operation.run(variant, {from.data(), rows, columns, stride, 1}, {target.data(), rows, columns, stride, 1}, pool);
  std::vector<float> values;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (static_cast<int>(i) < rows * stride && static_cast<int>(i) % stride < columns) {
      values.push_back(target[i]);
    } else {
      EXPECT_EQ(target[i], kUntouched) << operation.name << " by " << variant.name;
    }
  }
  return values;
}

class RowOpsOnThreads : public testing::TestWithParam<int> {
 protected:
  parallel::ThreadPool pool{GetParam()};
};

TEST_P(RowOpsOnThreads, EveryVariantEqualsTheReferenceBitForBit) {
  for (const Named& operation : operations()) {
    for (const int columns : kColumns) {
      for (const int rows : kRows) {
        const std::vector<float> x = random_values(static_cast<std::size_t>(rows) * columns, 1, 6.0F);
        const auto want = digest_of(result_of(operation, row_variants().front(), x, rows, columns, false, pool));
        for (const RowVariant& variant : supported(row_variants())) {
          for (const bool in_place : {false, true}) {
            EXPECT_EQ(digest_of(result_of(operation, variant, x, rows, columns, in_place, pool)), want)
                << operation.name << " [" << rows << "," << columns << "] by " << variant.name;
          }
        }
      }
    }
  }
}

TEST_P(RowOpsOnThreads, ManyRowsAreDividedWithoutChangingABit) {
  constexpr int kManyRows = 700, kN = 320;  // enough for the workers to be woken
  const std::vector<float> x = random_values(std::size_t{kManyRows} * kN, 2, 6.0F);
  for (const Named& operation : operations()) {
    const auto want = digest_of(result_of(operation, row_variants().front(), x, kManyRows, kN, false, pool));
    EXPECT_EQ(digest_of(result_of(operation, best_rows(pool.threads()), x, kManyRows, kN, true, pool)), want)
        << operation.name;
  }
}

TEST_P(RowOpsOnThreads, RopeEqualsTheReferenceBitForBit) {
  for (const int D : {2, 4, 6, 8, 10, 16, 18, 30, 32, 64, 66, 128}) {
    const RopeTable table(40, D);
    const std::vector<float> x = random_values(std::size_t{13} * 3 * D, 3, 2.0F);
    std::vector<float> want = x;
    rope(row_variants().front(), heads_view(want.data(), 13, 3, D), 27, table, pool);
    for (const RowVariant& variant : supported(row_variants())) {
      std::vector<float> got = x;
      rope(variant, heads_view(got.data(), 13, 3, D), 27, table, pool);
      EXPECT_EQ(digest_of(got), digest_of(want)) << variant.name << " D=" << D;
    }
  }
}

TEST_P(RowOpsOnThreads, HasTheSameBitsEverywhere) {
  Digest digest;
  const RowVariant& variant = best_rows(pool.threads());
  for (const Named& operation : operations()) {
    for (const int columns : kColumns) {
      const std::vector<float> x = random_values(std::size_t{5} * columns, 4, 7.0F);
      digest.add(std::span<const float>(result_of(operation, variant, x, 5, columns, false, pool)));
    }
  }
  const RopeTable table(512, 48);
  std::vector<float> x = random_values(std::size_t{300} * 2 * 48, 5, 1.0F);
  rope(variant, heads_view(x.data(), 300, 2, 48), 200, table, pool);
  digest.add(std::span<const float>(x));
  EXPECT_EQ(digest.hex(), "da2223e86996e545");  // natively (scalar, AVX2, AVX-512, NEON) and as WebAssembly
}

INSTANTIATE_TEST_SUITE_P(Threads, RowOpsOnThreads, testing::Values(1, 2, 3, 4));

class RowOps : public testing::Test {
 protected:
  parallel::ThreadPool pool{1};
  const RowVariant& naive = row_variants().front();

  std::vector<float> run(const Named& operation, const std::vector<float>& x) {
    return result_of(operation, naive, x, 1, static_cast<int>(x.size()), false, pool);
  }
};

TEST_F(RowOps, TheReferenceComputesTheEquations) {
  const std::vector<float> x = random_values(173, 6, 5.0F);
  const std::vector<float> weight = random_values(173, 11, 1.5F), bias = random_values(173, 12, 1.5F);
  double squares = 0, sum = 0, exponentials = 0, variance = 0;
  for (const float v : x) {
    squares += double{v} * v;
    sum += v;
    exponentials += std::exp(double{v});
  }
  const double mean = sum / 173;
  for (const float v : x) variance += (v - mean) * (v - mean) / 173;
  const std::vector<Named> all = operations();
  const auto soft = run(all[0], x), ge = run(all[1], x), si = run(all[2], x), rms = run(all[3], x), ln = run(all[4], x);
  for (int i = 0; i < 173; ++i) {
    const double v = x[i];
    const double inner = std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v);
    EXPECT_NEAR(soft[i], std::exp(v) / exponentials, 1e-6 * std::exp(v) / exponentials + 1e-12);
    EXPECT_NEAR(ge[i], 0.5 * v * (1 + std::tanh(inner)), 2e-6);
    EXPECT_NEAR(si[i], v / (1 + std::exp(-v)), 2e-6);
    EXPECT_NEAR(rms[i], v / std::sqrt(squares / 173 + 1e-5) * weight[i], 2e-6);
    EXPECT_NEAR(ln[i], (v - mean) / std::sqrt(variance + 1e-5) * weight[i] + bias[i], 2e-6);
  }
}

TEST_F(RowOps, RopeTurnsPairsByTheAngleOfTheirPosition) {
  const RopeTable table(8192, 8);
  std::vector<float> x = {1, 0, 0, 2, 3, 4, -1, 1};
  const std::vector<float> before = x;
  rope(naive, heads_view(x.data(), 1, 1, 8), 100, table, pool);
  for (int i = 0; i < 8; i += 2) {
    const double angle = 100 * std::pow(10000.0, -i / 8.0);
    EXPECT_NEAR(x[i], before[i] * std::cos(angle) - before[i + 1] * std::sin(angle), 5e-5);
    EXPECT_NEAR(x[i + 1], before[i] * std::sin(angle) + before[i + 1] * std::cos(angle), 5e-5);
  }
  std::vector<float> still = before;
  rope(naive, heads_view(still.data(), 1, 1, 8), 0, table, pool);
  EXPECT_EQ(still, before);
  EXPECT_EQ(table.bytes(), 2U * 4 * 8192 * 8);
}

TEST_F(RowOps, SpecialValuesPassThroughEveryVariantAlike) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<std::vector<float>> rows = {{-kInfinity, 1, 2, -kInfinity, 3},
                                                std::vector<float>(40, -kInfinity),
                                                {1, nan, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18},
                                                {kInfinity, 1, -1, 0, -0.0F},
                                                std::vector<float>(37, -0.0F),
                                                std::vector<float>(33, 1e-42F),
                                                std::vector<float>(21, 3e38F)};
  for (const Named& operation : operations()) {
    for (const std::vector<float>& x : rows) {
      const auto want = digest_of(run(operation, x));
      for (const RowVariant& variant : supported(row_variants())) {
        const auto got = result_of(operation, variant, x, 1, static_cast<int>(x.size()), false, pool);
        EXPECT_EQ(digest_of(got), want) << operation.name << " by " << variant.name << " of " << x[0] << ", …";
      }
    }
  }
  EXPECT_EQ(run(operations()[0], rows[0])[0], 0.0F);
  EXPECT_TRUE(std::isnan(run(operations()[0], rows[2])[5]));
}

TEST_F(RowOps, RefusesBadOperandsAndNamesThem) {
  std::vector<float> data(64);
  const auto view = [&](int rows, int columns) { return MatrixView{data.data(), rows, columns, columns, 1}; };
  const auto message = [&](const auto& call) { return message_of<std::invalid_argument>(call); };
  const auto has = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  has(message([&] { softmax(naive, view(2, 3), view(3, 2), pool); }), "softmax: X is [2,3] and Y [3,2]");
  has(message([&] { gelu(naive, {nullptr, 2, 3, 3, 1}, view(2, 3), pool); }), "gelu: X has no data");
  has(message([&] { silu(naive, view(2, 3), {data.data(), 2, 3, 1, 2}, pool); }), "silu: Y's strides are 1 and 2");
  has(message([&] { silu(naive, view(-2, 3), view(-2, 3), pool); }), "silu: X: shape [-2,3]");
  has(message([&] { silu(naive, view(2, 3), {data.data(), 2, 3, 4, 1}, pool); }), "in place they must be equal");
  const std::span<const float> three(data.data(), 3), four(data.data(), 4);
  has(message([&] { rms_norm(naive, view(2, 3), four, 1e-5F, view(2, 3), pool); }),
      "weight has 4 elements; want N = 3");
  has(message([&] { rms_norm(naive, view(2, 3), three, -1.0F, view(2, 3), pool); }), "epsilon is -1");
  has(message([&] { layer_norm(naive, view(2, 3), three, four, 1e-5F, view(2, 3), pool); }), "bias has 4 elements");
  has(message([] { RopeTable(8193, 8); }), "8193 positions");
  has(message([] { RopeTable(10, 7); }), "D 7");
  const RopeTable table(10, 8);
  has(message([&] { rope(naive, heads_view(data.data(), 2, 1, 8), 9, table, pool); }),
      "positions 9 to 11; the table has 10");
  has(message([&] { rope(naive, heads_view(data.data(), 2, 1, 6), 0, table, pool); }),
      "X is [2,1,6], the table is for D = 8");
}

TEST(RowOpsLadder, HasItsRungsByName) { expect_ladder(row_variants(), row_variant); }

}  // namespace
}  // namespace optlab::attention
