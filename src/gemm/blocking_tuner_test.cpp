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
  const auto time = [&](std::size_t lane) { return tuner.race().lane(static_cast<int>(lane)).statistics->median; };
  const auto chosen = static_cast<std::size_t>(std::ranges::find(candidates, tuner.best()) - candidates.begin());
  for (std::size_t i = 0; i < candidates.size(); ++i) EXPECT_LE(0.98 * time(chosen), time(i));
}

TEST(BlockingTuner, RefusesNoTime) {
  parallel::ThreadPool pool(1);
  EXPECT_THROW(BlockingTuner(pool, 0.0), std::invalid_argument);
}

}  // namespace
}  // namespace optlab::gemm
