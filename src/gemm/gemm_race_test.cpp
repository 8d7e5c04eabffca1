#include "gemm/gemm_race.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace optlab::gemm {
namespace {

TEST(GemmRace, RunsEveryRungAndExactRungsAgree) {
  parallel::ThreadPool pool(2);
  GemmRace race(33, 20, 41, {}, pool, {.max_seconds = 0.05, .batch_seconds = 0.0005, .warm_up_seconds = 0.001});
  while (race.race().step()) continue;
  std::string integers;
  for (int lane = 0; lane < race.race().size(); ++lane) {
    EXPECT_EQ(race.digest(lane).size(), 16U) << race.rung(lane).name;
    if (race.rung(lane).kind == Rung::Kind::kExact) {
      EXPECT_EQ(race.digest(lane), race.digest(0)) << race.rung(lane).name;
    }
    if (race.rung(lane).kind == Rung::Kind::kInt8) {
      if (integers.empty()) integers = race.digest(lane);
      EXPECT_EQ(race.digest(lane), integers) << race.rung(lane).name;
    }
    EXPECT_TRUE(race.race().lane(lane).statistics.has_value());
    EXPECT_EQ(race.race().lane(lane).flops, 2.0 * 33 * 20 * 41);
    EXPECT_EQ(race.packed_bytes(lane) >= (race.rung(lane).kind == Rung::Kind::kInt8 ? 1U : 4U) * 20 * 41,
              race.rung(lane).prepacked)
        << race.rung(lane).name;
  }
}

TEST(GemmRace, CountsItsScratch) {
  parallel::ThreadPool pool(1);
  GemmRace plain(200, 300, 200, {"naive"}, pool, {.max_seconds = 0.01});
  GemmRace packed(200, 300, 200, {"packed"}, pool, {.max_seconds = 0.01});
  EXPECT_EQ(packed.scratch_high_water(), 0U) << "nothing has run yet";
  plain.race().step();
  packed.race().step();
  EXPECT_EQ(plain.scratch_high_water(), 0U);
  EXPECT_GE(packed.scratch_high_water(), 4U * 300 * 200);
  EXPECT_THROW(plain.packed_bytes(1), std::out_of_range);
}

TEST(GemmRace, HoldsARungAgainstTheRoofOfItsInstructionSet) {
  using Kind = measure::Peak::Kind;
  const auto is_vector_rung = [](const Rung& rung) { return rung.name == "simd_threads" && rung.supported(); };
  if (std::ranges::none_of(rungs(), is_vector_rung)) GTEST_SKIP() << "no vector instructions (OPTLAB_ISA=scalar)";
  parallel::ThreadPool pool(2);
  GemmRace race(4, 4, 4, {"naive", "simd_threads"}, pool);
  const std::string isa(race.rung(1).isa);
  const std::vector<measure::Peak> peaks{{"scalar", Kind::kCompute, 1, false, 10, 0},
                                         {"scalar", Kind::kCompute, 2, false, 20, 0},
                                         {isa, Kind::kCompute, 1, false, 40, 0},
                                         {isa, Kind::kCompute, 2, false, 79, 0},
                                         {isa, Kind::kMemory, 2, false, 99, 1}};
  EXPECT_EQ(race.roof(0, peaks), 10.0);
  EXPECT_EQ(race.roof(1, peaks), race.threads(1) == 2 ? 79.0 : 40.0);  // a build without threads has one
  EXPECT_EQ(race.roof(1, {}), 0.0);
}

TEST(GemmRace, HoldsIntegersAgainstWhatTheProbeMeasures) {
  parallel::ThreadPool pool(1);
  measure::RooflineProbe probe(pool, 0.3);
  while (probe.step()) continue;
  GemmRace race(4, 4, 4, {}, pool);
  for (int lane = 0; lane < race.race().size(); ++lane) {
    EXPECT_GT(race.roof(lane, probe.peaks()), 0.0) << race.rung(lane).name << ": " << race.rung(lane).isa;
  }
}

TEST(GemmRace, RefusesWhatCannotBeRaced) {
  parallel::ThreadPool pool(1);
  EXPECT_THROW(GemmRace(0, 4, 4, {}, pool), std::invalid_argument);
  EXPECT_THROW(GemmRace(4, -1, 4, {}, pool), std::invalid_argument);
  EXPECT_THROW(GemmRace(65536, 65536, 1, {}, pool), std::invalid_argument);
  EXPECT_THROW(GemmRace(4, 4, 4, {"warp"}, pool), std::invalid_argument);
}

}  // namespace
}  // namespace optlab::gemm
