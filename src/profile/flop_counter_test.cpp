#include "profile/flop_counter.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "core/test_support.h"
#include "profile/counted.h"

namespace optlab::profile {
namespace {

// Here by hand; operation by operation the counts are held against instrumented loops where the kernels are:
// gemm_work_test, conv_work_test, attention_work_test.
TEST(FlopCounter, MatchesCountsMadeByHand) {
  const Work linear = FlopCounter::linear({.rows = 2, .inputs = 3, .outputs = 5});
  EXPECT_EQ(linear.multiplications, 30);
  EXPECT_EQ(linear.additions, 40);
  EXPECT_EQ(linear.bytes_read, 4 * (6 + 15 + 5));
  EXPECT_EQ(linear.bytes_written, 40);

  // 3×3 on 4×4 with padding 1: 16 outputs of 9 products each, the padding's among them.
  const Work conv = FlopCounter::conv2d(
      {.height = 4, .width = 4, .kernel_height = 3, .kernel_width = 3, .padding = 1, .bias = false});
  EXPECT_EQ(conv.flops(), 2 * 16 * 9);
  EXPECT_EQ(conv.bytes(), 4 * (16 + 9 + 16));

  // Three causal queries see 1 + 2 + 3 keys.
  const Work attention = FlopCounter::attention({.queries = 3, .keys = 3, .size = 4, .causal = true});
  EXPECT_EQ(attention.functions, 6);
  EXPECT_EQ(attention.flops(), 6 * (4 * 4 + 5) + 3 * (15 + 4));
  EXPECT_EQ(FlopCounter::relu(7).flops(), 7);
  EXPECT_EQ(FlopCounter::max_pool(2, 5, 5, 3, 2, 2).comparisons, 2 * 2 * 2 * 3 * 4);
  EXPECT_EQ(FlopCounter::max_pool(2, 5, 5, 3, 2, 2).bytes_read,
            4 * 2 * 16 * 3);  // the fifth row and column are not read
  EXPECT_EQ(FlopCounter::average_pool(1, 4, 4, 1, 2, 2).flops(), 4 * (4 + 1));
  EXPECT_EQ(FlopCounter::embedding(3, 8).bytes(), 4 * (24 + 3 + 24));
  EXPECT_EQ(FlopCounter::add(5).intensity(), 5.0 / 60.0);
  EXPECT_EQ(FlopCounter::swiglu(5).flops(), 25);
}

// Batch 256 of 784 → 128 and one image: the roofline's two kinds of dots.
TEST(FlopCounter, IntensityGrowsWithTheBatch) {
  const auto intensity = [](int rows) {
    return FlopCounter::linear({.rows = rows, .inputs = 784, .outputs = 128}).intensity();
  };
  EXPECT_NEAR(intensity(1), 0.496, 0.001);  // 200,832 FLOPs over 405,184 bytes
  EXPECT_NEAR(intensity(256), 38.4, 0.1);
}

TEST(FlopCounter, WorksAddUpAndMultiply) {
  const Work relu = FlopCounter::relu(3), sum = relu + FlopCounter::add(2);
  EXPECT_EQ(sum.flops(), 5);
  EXPECT_EQ(sum.bytes(), 24 + 24);
  EXPECT_EQ(relu * 3, relu + relu + relu);
  EXPECT_EQ(Work{}.intensity(), 0.0);
  // The batch changes nothing but the number of times the parameters are used.
  EXPECT_EQ(FlopCounter::attention({.batch = 3, .queries = 5, .keys = 7}),
            FlopCounter::attention({.queries = 5, .keys = 7}) * 3);
}

TEST(FlopCounter, RefusesWhatCannotBe) {
  const auto message = [](const auto& count) { return message_of<std::invalid_argument>(count); };
  EXPECT_EQ(message([] { FlopCounter::linear({.rows = -1}); }), "Linear: rows is -1; it must be at least 0");
  EXPECT_EQ(message([] { FlopCounter::conv2d({.stride = 0}); }), "Conv2d: stride is 0; it must be at least 1");
  EXPECT_EQ(message([] { FlopCounter::conv2d({.channels = 3, .outputs = 2, .groups = 2}); }),
            "Conv2d: 2 groups don't divide 3");
  EXPECT_NE(message([] { FlopCounter::conv2d({.kernel_height = 5}); }).find("padded height is -3"), std::string::npos);
  EXPECT_NE(message([] { FlopCounter::attention({.window = 2}); }).find("causal"), std::string::npos);
  EXPECT_NE(message([] { FlopCounter::attention({.heads = 4, .key_heads = 3}); }).find("3 key heads"),
            std::string::npos);
  EXPECT_NE(
      message([] { FlopCounter::linear({.rows = 1 << 30, .inputs = 1 << 30, .outputs = 1 << 30}); }).find("2^63-1"),
      std::string::npos);
  EXPECT_NE(message([] { FlopCounter::rope(1, 1, 7); }).find("pair"), std::string::npos);
}

TEST(Counted, CountsWhatIsDoneWithIt) {
  const CountedOperand x({3.0F, 4.0F, 5.0F});
  float result = 0.0F;
  const Work work = count_operations([&] { result = sqrt(x[0] * x[0] + x[1] * x[1]).value; });
  EXPECT_EQ(result, 5.0F);
  EXPECT_EQ(work, (Work{.additions = 1, .multiplications = 2, .roots = 1}));
  EXPECT_EQ(x.bytes_read(), 8);
}

}  // namespace
}  // namespace optlab::profile
