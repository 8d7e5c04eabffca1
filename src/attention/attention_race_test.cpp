#include "attention/attention_race.h"

#include <gtest/gtest.h>

namespace optlab::attention {
namespace {

TEST(AttentionRace, RunsEveryRungAndExactRungsAgree) {
  parallel::ThreadPool pool(2);
  for (const int queries : {40, 1}) {
    AttentionRace race({.queries = queries, .keys = 40, .heads = 4, .key_heads = 2, .size = 24}, {}, pool,
                       {.max_seconds = 0.05, .batch_seconds = 0.0005, .warm_up_seconds = 0.001});
    while (race.race().step()) continue;
    for (int lane = 0; lane < race.race().size(); ++lane) {
      EXPECT_EQ(race.digest(lane).size(), 16U) << race.variant(lane).name;
      if (race.variant(lane).mode == gemm::Mode::kExact) {
        EXPECT_EQ(race.digest(lane), race.digest(0)) << race.variant(lane).name;
      }
      EXPECT_TRUE(race.race().lane(lane).statistics.has_value());
      EXPECT_EQ(race.race().lane(lane).flops, 4.0 * 24 * 4 * (queries == 1 ? 40 : 820));
    }
    // Also in wasm_tests/attention.test.ts, where a page's WebAssembly computes it.
    if (queries == 40) {
      EXPECT_EQ(race.digest(0), "b9b41826aa41508c");
    }
    EXPECT_GT(race.scratch_bytes(), 0U);
  }
}

TEST(AttentionRace, RefusesWhatCannotBeRaced) {
  parallel::ThreadPool pool(1);
  EXPECT_THROW(AttentionRace({0, 4, 2, 2, 8}, {}, pool), std::invalid_argument);
  EXPECT_THROW(AttentionRace({5, 4, 2, 2, 8}, {}, pool), std::invalid_argument);
  EXPECT_THROW(AttentionRace({1, 4, 3, 2, 8}, {}, pool), std::invalid_argument);
  EXPECT_THROW(AttentionRace({1, 4, 2, 2, 0}, {}, pool), std::invalid_argument);
  EXPECT_THROW(AttentionRace({1, 4, 2, 2, 8}, {"warp"}, pool), std::invalid_argument);
}

}  // namespace
}  // namespace optlab::attention
