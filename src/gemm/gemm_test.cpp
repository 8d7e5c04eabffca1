#include "gemm/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "gemm/packed_matrix.h"
#include "gemm/test_support.h"
#include "parallel/test_support.h"

namespace optlab::gemm {
namespace {

// Empty, single, around the tiles (4, 6, 8 and 12 rows; 2, 8, 16 and 32 columns) and the lane counts, primes, row and column
// vectors, over one block of depth (512), of rows (48) and of columns (512), and B over 1 MiB, read in place or packed.
constexpr Dimensions kShapes[] = {{0, 0, 0},     {0, 5, 3},     {4, 0, 9},     {3, 4, 0},      {1, 1, 1},
                                  {3, 7, 5},     {4, 8, 8},     {5, 9, 17},    {7, 13, 31},    {8, 16, 16},
                                  {9, 15, 33},   {1, 64, 100},  {1, 9, 7},     {1, 300, 37},   {61, 1, 67},
                                  {61, 67, 1},   {17, 257, 19}, {97, 31, 29},  {101, 600, 53}, {193, 71, 127},
                                  {6, 11, 1031}, {13, 40, 64},  {1, 520, 130}, {3, 600, 450},  {25, 530, 520}};

using GemmOnThreads = parallel::OnThreads<Context>;

TEST_P(GemmOnThreads, EveryExactVariantEqualsTheReferenceBitForBit) {
  for (const Dimensions& d : kShapes) {
    for (const bool transposed : {false, true}) {
      const Operand a(d.M, d.K, 1, 3, transposed);
      const Operand b(d.K, d.N, 2, 5, transposed);
      const std::vector<float> bias = random_values(d.N, 3);
      for (const Epilogue& epilogue : {Epilogue{}, Epilogue{bias.data(), Activation::kRelu}}) {
        Result want(d.M, d.N, 2);
        multiply(variants().front(), {a.view, b.view, want.view, epilogue}, context);
        for (const Variant& variant : supported(variants(), Mode::kExact)) {
          Result got(d.M, d.N, 2);
          multiply(variant, {a.view, b.view, got.view, epilogue}, context);
          EXPECT_EQ(got.digest(), want.digest()) << describe(variant.name, d) << (transposed ? " transposed" : "");
          EXPECT_TRUE(got.surroundings_untouched()) << describe(variant.name, d) << (transposed ? " transposed" : "");
        }
      }
    }
  }
}

TEST_P(GemmOnThreads, BlockingNeverChangesABit) {
  constexpr int M = 67, K = 93, N = 101;
  for (const bool transposed : {false, true}) {
    const Operand a(M, K, 1, 1, transposed);
    const Operand b(K, N, 2, 1, transposed);
    Result want(M, N, 2);
    multiply(variants().front(), {a.view, b.view, want.view}, context);
    for (const Blocking& blocking :
         {Blocking{1, 1, 1}, Blocking{7, 5, 33}, Blocking{32, 64, 16}, Blocking{4096, 4096, 4096}}) {
      Context blocked{pool, scratch, blocking};
      for (const Variant& variant : supported(variants(), Mode::kExact)) {
        Result got(M, N, 2);
        multiply(variant, {a.view, b.view, got.view}, blocked);
        EXPECT_EQ(got.digest(), want.digest()) << variant.name << " depth " << blocking.depth;
      }
    }
  }
}

TEST_P(GemmOnThreads, APackedMatrixGivesTheSameBits) {
  for (const Dimensions& d : kShapes) {
    const Operand a(d.M, d.K, 1, 3, false);
    const Operand b(d.K, d.N, 2, 5, d.M % 2 == 0);
    const std::vector<float> bias = random_values(d.N, 3);
    const Epilogue epilogue{bias.data(), Activation::kRelu};
    for (const Variant& variant : supported(variants())) {
      const PackedMatrix packed(variant, b.view);
      EXPECT_GE(packed.bytes(), sizeof(float) * d.K * d.N);
      Result want(d.M, d.N, 2), got(d.M, d.N, 2);
      multiply(variant, {a.view, b.view, want.view, epilogue}, context);
      multiply(variant, a.view, packed, got.view, epilogue, context);
      EXPECT_EQ(got.digest(), want.digest()) << describe(variant.name, d);
      EXPECT_TRUE(got.surroundings_untouched()) << describe(variant.name, d);
    }
  }
}

TEST_P(GemmOnThreads, ABatchEqualsItsProductsOneByOne) {
  constexpr int M = 5, K = 33, N = 18, kCount = 23;
  const std::vector<float> a = random_values(static_cast<std::size_t>(kCount) * M * K, 1);
  const std::vector<float> b = random_values(static_cast<std::size_t>(kCount) * K * N, 2);
  for (const Variant& variant : supported(variants())) {
    for (const std::ptrdiff_t b_step : {0, K * N}) {  // 0: all share the first B
      std::vector<float> want(static_cast<std::size_t>(kCount) * M * N), got(want.size());
      for (int i = 0; i < kCount; ++i) {
        multiply(variant,
                 {{a.data() + i * M * K, M, K, K, 1},
                  {b.data() + i * b_step, K, N, N, 1},
                  {want.data() + i * M * N, M, N, N, 1}},
                 context);
      }
      const Problem first{{a.data(), M, K, K, 1}, {b.data(), K, N, N, 1}, {got.data(), M, N, N, 1}};
      multiply_batch(variant, first, kCount, {M * K, b_step, M * N}, context);
      EXPECT_EQ(digest_of(got), digest_of(want)) << variant.name;
      multiply_batch(variant, first, 0, {M * K, b_step, M * N}, context);
    }
  }
}

TEST_P(GemmOnThreads, FastVariantsStayWithinTheErrorBound) {
  for (const Dimensions& d : kShapes) {
    const Operand a(d.M, d.K, 1, 0, false);
    const Operand b(d.K, d.N, 2, 1, true);
    for (const Variant& variant : supported(variants(), Mode::kFast)) {
      Result got(d.M, d.N, 0);
      multiply(variant, {a.view, b.view, got.view, {}}, context);
      EXPECT_TRUE(got.surroundings_untouched()) << describe(variant.name, d);
      expect_within_bound(a.view, b.view, got.view, describe(variant.name, d));
    }
  }
}

TEST_P(GemmOnThreads, HasTheSameBitsEverywhere) {
  // The same number natively (scalar, AVX2, NEON), in Node and in a browser, for any number of threads: what exact mode
  // promises.
  Digest digest;
  for (const Dimensions& d : kShapes) {
    const Operand a(d.M, d.K, 4, 0, false);
    const Operand b(d.K, d.N, 5, 0, false);
    Result c(d.M, d.N, 0);
    multiply({a.view, b.view, c.view, {}}, context);
    digest.add(std::span<const float>(c.values()));
  }
  EXPECT_EQ(digest.hex(), "bf4dcd2d0037400e");
}

INSTANTIATE_TEST_SUITE_P(Threads, GemmOnThreads, testing::Values(1, 2, 3, 4));

using Gemm = parallel::OnTwoThreads<Context>;

TEST_F(Gemm, ReferenceMatchesANumberWorkedOutByHand) {
  const std::vector<float> a{1, 2, 3, 4, 5, 6};
  const std::vector<float> b{7, 8, 9, 10, 11, 12};
  std::vector<float> c(4);
  const std::vector<float> bias{-140, 1};
  multiply(variants().front(), {matrix_view(a, 2, 3), matrix_view(b, 3, 2), matrix_view(c, 2, 2), {}}, context);
  EXPECT_EQ(c, (std::vector<float>{58, 64, 139, 154}));
  multiply(variants().front(),
           {matrix_view(a, 2, 3), matrix_view(b, 3, 2), matrix_view(c, 2, 2), {bias.data(), Activation::kRelu}},
           context);
  EXPECT_EQ(c, (std::vector<float>{0, 65, 0, 155}));
}

TEST_F(Gemm, ARowDoesNotDependOnTheOtherRowsOrColumns) {
  constexpr int M = 13, K = 300, N = 70;
  const Operand a(M, K, 6, 0, false);
  const Operand b(K, N, 7, 0, false);
  Result whole(M, N, 0);
  multiply({a.view, b.view, whole.view, {}}, context);
  for (int m = 0; m < M; ++m) {
    Result row(1, N, 0);  // GEMV
    multiply({a.view.block(m, 0, 1, K), b.view, row.view, {}}, context);
    Result column(M, 1, 0);
    multiply({a.view, b.view.block(0, 5 * m, K, 1), column.view, {}}, context);
    for (int n = 0; n < N; ++n) ASSERT_EQ(row.view(0, n), whole.view(m, n)) << m << "," << n;
    for (int r = 0; r < M; ++r) ASSERT_EQ(column.view(r, 0), whole.view(r, 5 * m)) << r << "," << m;
  }
}

TEST_F(Gemm, NanAndInfinityPassThroughEveryVariant) {
  constexpr int M = 9, K = 20, N = 21;
  Operand a(M, K, 8, 0, false);
  Operand b(K, N, 9, 0, false);
  a.data[3 * K + 4] = std::numeric_limits<float>::quiet_NaN();
  b.data[2 * N + 6] = std::numeric_limits<float>::infinity();
  const std::vector<float> bias(N, 0.5F);
  for (const Variant& variant : supported(variants())) {
    Result c(M, N, 0);
    multiply(variant, {a.view, b.view, c.view, {bias.data(), Activation::kRelu}}, context);
    for (int n = 0; n < N; ++n) EXPECT_TRUE(std::isnan(c.view(3, n))) << variant.name;
    for (int m = 0; m < M; ++m) {
      if (m == 3) continue;
      // a·inf is ±inf, which ReLU keeps or makes 0; the next column never saw it.
      EXPECT_TRUE(std::isinf(c.view(m, 6)) || c.view(m, 6) == 0.0F) << variant.name;
      EXPECT_TRUE(std::isfinite(c.view(m, 5))) << variant.name;
    }
  }
}

TEST_F(Gemm, RefusesOperandsThatDisagreeAndNamesThem) {
  std::vector<float> data(64);
  const auto view = [&](int rows, int columns) { return MatrixView{data.data(), rows, columns, columns, 1}; };
  const auto call = [&](MatrixView a, MatrixView b, MatrixView c) {
    return message_of<std::invalid_argument>([&] { multiply({a, b, c, {}}, context); });
  };
  EXPECT_NE(call(view(2, 3), view(4, 2), view(2, 2)).find("A is [2,3], B [4,2] and C [2,2]"), std::string::npos);
  EXPECT_NE(call(view(2, 3), view(3, 2), view(3, 2)).find("want A[M,K], B[K,N], C[M,N]"), std::string::npos);
  EXPECT_NE(call(view(-2, 3), view(3, 2), view(-2, 2)).find("A is [-2,3]; dimensions must be >= 0"), std::string::npos);
  EXPECT_NE(call(view(2, 3), view(3, 4), {data.data(), 2, 4, 3, 1}).find("C's strides"), std::string::npos);
  EXPECT_NE(call(view(2, 3), {nullptr, 3, 2, 2, 1}, view(2, 2)).find("B has no data"), std::string::npos);
  const PackedMatrix packed(variants().front(), view(3, 2));
  const Variant& tiled = variant("packed");
  EXPECT_NE(message_of<std::invalid_argument>([&] {
              multiply(tiled, view(2, 3), packed, view(2, 2), {}, context);
            }).find("B is packed in panels of 0 columns, packed reads panels of 2"),
            std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([&] {
              PackedMatrix(tiled, {nullptr, 3, 2, 2, 1});
            }).find("without data"),
            std::string::npos);
  Context bad{pool, scratch, {512, 0, 512}};
  EXPECT_NE(message_of<std::invalid_argument>([&] {
              multiply({view(2, 3), view(3, 2), view(2, 2)}, bad);
            }).find("blocking [512,0,512]"),
            std::string::npos);
  EXPECT_THROW(check(Blocking{512, 48, 1 << 30}), std::invalid_argument) << "rounded up it would be no int";
  EXPECT_NO_THROW(check(Blocking{1, 1, 1 << 20}));
  EXPECT_NE(message_of<std::invalid_argument>([&] {
              multiply_batch(tiled, {view(2, 3), view(3, 2), view(2, 2)}, 3, {6, 0, 3}, context);
            }).find("lie 3 elements apart, but each spans 4"),
            std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([&] {
              multiply_batch(tiled, {view(2, 3), view(3, 2), view(2, 2)}, -1, {6, 0, 4}, context);
            }).find("a batch of -1"),
            std::string::npos);
}

TEST_F(Gemm, TheDispatcherTakesARungOfTheModeAskedFor) {
  EXPECT_EQ(best(Mode::kExact, 512, 512, 512, 2).mode, Mode::kExact);
  EXPECT_FALSE(best(Mode::kExact, 512, 512, 512, 1).threaded);
}

TEST(GemmLadder, HasItsRungsByName) { expect_ladder(variants(), variant); }

}  // namespace
}  // namespace optlab::gemm
