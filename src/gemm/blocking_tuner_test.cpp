#include "gemm/blocking_tuner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace optlab::gemm {
namespace {

TEST(BlockingTuner, MeasuresEveryCandidateAndChoosesOneOfThem) {
  parallel::ThreadPool pool(1);
  BlockingTuner tuner(pool, 0.2);
  EXPECT_EQ(tuner.best(), Blocking{}) << "nothing measured: the default";
  while (tuner.step()) continue;
  EXPECT_EQ(tuner.progress(), 1.0);
  const auto candidates = BlockingTuner::candidates();
  EXPECT_EQ(candidates.front(), Blocking{});
  EXPECT_NE(std::ranges::find(candidates, tuner.best()), candidates.end());
  ASSERT_EQ(static_cast<std::size_t>(tuner.race().size()), candidates.size());
  const auto lane = [&](std::size_t i) { return *tuner.race().lane(static_cast<int>(i)).statistics; };
  const auto is_clearly_faster = [&](std::size_t i) {
    return lane(i).high < lane(0).low && lane(i).median < 0.98 * lane(0).median;
  };
  const auto chosen = static_cast<std::size_t>(std::ranges::find(candidates, tuner.best()) - candidates.begin());
  EXPECT_TRUE(chosen == 0 || is_clearly_faster(chosen));
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    if (is_clearly_faster(i)) {
      EXPECT_NE(chosen, 0U);
      EXPECT_LE(lane(chosen).median, lane(i).median);
    }
  }
}

TEST(BlockingTuner, RefusesNoTime) {
  parallel::ThreadPool pool(1);
  EXPECT_THROW(BlockingTuner(pool, 0.0), std::invalid_argument);
}

}  // namespace
}  // namespace optlab::gemm
