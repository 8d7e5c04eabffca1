#include "profile/cache_simulator.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>
#include <stdexcept>

#include "core/rng.h"
#include "core/test_support.h"
#include "profile/nest_simulation.h"

namespace optlab::profile {
namespace {

constexpr int kLine = 64;

CacheSimulator one_level(int size, int ways) {
  const CacheLevel levels[] = {{size, kLine, ways}};
  return {levels, 1, 1};
}

TEST(CacheSimulator, ATraceWorkedOutByHand) {
  CacheSimulator cache = one_level(4 * kLine, 2);  // two sets of two ways: even lines and odd ones
  const auto read = [&](int line) { return cache.access(static_cast<std::uint64_t>(line) * kLine + 12, false, 0, 0); };
  EXPECT_EQ(read(0), 1);  // memory
  EXPECT_EQ(read(0), 0);
  EXPECT_EQ(read(2), 1);
  EXPECT_EQ(read(1), 1);  // the other set
  EXPECT_EQ(read(0), 0);
  EXPECT_EQ(read(4), 1);  // line 2 goes, used longest ago
  EXPECT_EQ(read(0), 0);
  EXPECT_EQ(read(2), 1);  // line 4 goes
  EXPECT_EQ(cache.contents(0), (std::vector<std::int32_t>{2, 0, 1, -1}));
  const CacheCounters counters = cache.counters(0);
  EXPECT_EQ(counters.accesses(), 8);
  EXPECT_EQ(counters.hits(), 3);
  EXPECT_EQ(counters.misses(), 5);
  EXPECT_EQ(counters.evictions, 2);
  EXPECT_EQ(counters.writebacks, 0);
  cache.reset();
  EXPECT_EQ(cache.counters(0), CacheCounters{});
  EXPECT_EQ(read(0), 1);
}

TEST(CacheSimulator, AWrittenLineIsFetchedKeptAndWrittenBackOnce) {
  CacheSimulator cache = one_level(kLine, 1);
  const auto access = [&](int line, bool write) {
    return cache.access(static_cast<std::uint64_t>(line) * kLine, write, 0, 0);
  };
  EXPECT_EQ(access(0, true), 1);  // allocates
  EXPECT_EQ(access(0, false), 0);
  EXPECT_EQ(access(0, true), 0);
  EXPECT_EQ(access(1, false), 1);  // writes line 0 back
  EXPECT_EQ(access(2, false), 1);  // line 1 was only read
  EXPECT_EQ(cache.counters(0), (CacheCounters{3, 2, 2, 1, 2, 1}));
}

TEST(CacheSimulator, TheSecondLevelSeesMissesAndWritebacks) {
  const CacheLevel levels[] = {{kLine, kLine, 1}, {4 * kLine, kLine, 4}};
  CacheSimulator cache(levels, 1, 1);
  const auto access = [&](int line, bool write) {
    return cache.access(static_cast<std::uint64_t>(line) * kLine, write, 0, 0);
  };
  EXPECT_EQ(access(0, true), 2);
  EXPECT_EQ(access(1, false), 2);  // line 0 goes back to level 2, which marks it
  EXPECT_EQ(access(0, false), 1);
  EXPECT_EQ(access(0, false), 0);
  EXPECT_EQ(cache.counters(1).accesses(), 3);
  EXPECT_EQ(cache.counters(1).misses(), 2);
  for (int line = 2; line < 5; ++line) access(line, false);  // line 1 has to go; then 0 is the oldest
  EXPECT_EQ(cache.counters(1).writebacks, 0);
  access(5, false);
  EXPECT_EQ(cache.counters(1).evictions, 2);
  EXPECT_EQ(cache.counters(1).writebacks, 1);  // what level 1 gave back
}

TEST(CacheSimulator, CountsByRegionAndSourceLine) {
  const CacheLevel levels[] = {{1024, kLine, 2}};
  CacheSimulator cache(levels, 2, 3);
  cache.access(0, false, 0, 2);
  cache.access(0, true, 1, 2);
  cache.access(64, true, 1, 0);
  EXPECT_EQ(cache.counters(0, 0, 2), (CacheCounters{.reads = 1, .read_misses = 1}));
  EXPECT_EQ(cache.counters(0, 1, 2), (CacheCounters{.writes = 1}));
  EXPECT_EQ(cache.counters(0, 1, 0), (CacheCounters{.writes = 1, .write_misses = 1}));
  EXPECT_EQ(cache.counters(0), (CacheCounters{1, 2, 1, 1, 0, 0}));
  EXPECT_THROW(cache.counters(0, 2, 0), std::invalid_argument);
  EXPECT_THROW(cache.counters(1), std::invalid_argument);
}

/// Least recently used, written down as its definition says.
struct PlainCache {
  int line, ways, sets;
  std::map<std::uint64_t, std::deque<std::uint64_t>> lines;
  bool hit(std::uint64_t address) {
    const std::uint64_t number = address / static_cast<std::uint64_t>(line);
    auto& set = lines[number % static_cast<std::uint64_t>(sets)];
    const auto found = std::find(set.begin(), set.end(), number);
    const bool was_there = found != set.end();
    if (was_there) set.erase(found);
    set.push_front(number);
    if (set.size() > static_cast<std::size_t>(ways)) set.pop_back();
    return was_there;
  }
};

TEST(CacheSimulator, IsLeastRecentlyUsedAtEveryShape) {
  for (const auto& [line, ways, sets] : {std::tuple{32, 1, 8}, {64, 3, 4}, {128, 8, 1}, {4, 12, 16}}) {
    const CacheLevel levels[] = {{line * ways * sets, line, ways}};
    CacheSimulator cache(levels, 1, 1);
    PlainCache plain{line, ways, sets, {}};
    std::vector<float> random(20000);
    Rng(2026, 1).fill_uniform(random, 0.0F, 1.0F);
    int hits = 0;
    for (const float r : random) {
      const auto address = static_cast<std::uint64_t>(r * r * 6.0F * static_cast<float>(line * ways * sets));
      const bool hit = plain.hit(address);
      hits += hit ? 1 : 0;
      ASSERT_EQ(cache.access(address, false, 0, 0) == 0, hit);
    }
    EXPECT_GT(hits, 2000);
    EXPECT_LT(hits, 18000);
  }
}

TEST(CacheSimulator, RefusesCachesThatCannotBe) {
  const auto message = [](std::vector<CacheLevel> levels) {
    return message_of<std::invalid_argument>([&] { CacheSimulator(levels, 1, 1); });
  };
  EXPECT_NE(message({}).find("0 levels"), std::string::npos);
  EXPECT_NE(message({{64, 64, 1}, {64, 64, 1}, {64, 64, 1}, {64, 64, 1}}).find("4 levels"), std::string::npos);
  EXPECT_NE(message({{4096, 48, 1}}).find("level 1, 4096 bytes in sets of 1 lines of 48 bytes: a line must be"),
            std::string::npos);
  EXPECT_NE(message({{4096, 64, 0}}).find("at least 1 way"), std::string::npos);
  EXPECT_NE(message({{4096, 64, 4}, {4096, 64, 3}}).find("level 2, 4096 bytes in sets of 3"), std::string::npos);
  EXPECT_NE(message({{0, 64, 1}}).find("0 bytes"), std::string::npos);
  EXPECT_NE(message({{2147483647, 1 << 30, 2147483647}}).find("must be a power of two"), std::string::npos);
}

/// Every access of a nest, as a loop over next().
std::vector<NestStep> steps_of(LoopNest& nest) {
  std::vector<NestStep> steps;
  for (NestStep step{}; nest.next(step);) steps.push_back(step);
  return steps;
}

TEST(LoopNest, GivesTheAccessesOfItsLoopsInOrder) {
  constexpr int n = 5, padding = 3;
  LoopNest nest(profile::nest("matmul_ijk"), {.n = n, .block = 2, .padding = padding});
  std::vector<std::uint64_t> expected;
  const auto at = [&](int array, int row, int column) {
    return nest.base(array) + 4 * static_cast<std::uint64_t>(row * (n + padding) + column);
  };
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      for (int k = 0; k < n; ++k) expected.insert(expected.end(), {at(0, i, k), at(1, k, j)});
      expected.push_back(at(2, i, j));
    }
  }
  const auto steps = steps_of(nest);
  ASSERT_EQ(steps.size(), expected.size());
  for (std::size_t i = 0; i < steps.size(); ++i) EXPECT_EQ(steps[i].address, expected[i]) << i;
  EXPECT_TRUE(steps[2 * n].write);
  EXPECT_EQ(nest.spec().code[static_cast<std::size_t>(steps[2 * n].source_line)], std::string("    C[i][j] = sum;"));
  NestStep step{};
  EXPECT_FALSE(nest.next(step));  // and stays at its end
  nest.restart();
  ASSERT_TRUE(nest.next(step));
  EXPECT_EQ(step.address, 0U);
}

TEST(LoopNest, TilesCoverEverythingOnceInTheirOrder) {
  constexpr int n = 7, b = 3;
  LoopNest nest(profile::nest("matmul_blocked"), {.n = n, .block = b});
  std::vector<std::array<int, 3>> expected, seen;
  for (int ii = 0; ii < n; ii += b)
    for (int kk = 0; kk < n; kk += b)
      for (int jj = 0; jj < n; jj += b)
        for (int i = ii; i < std::min(ii + b, n); ++i)
          for (int k = kk; k < std::min(kk + b, n); ++k)
            for (int j = jj; j < std::min(jj + b, n); ++j) expected.push_back({i, k, j});
  for (NestStep step{}; nest.next(step);) {
    const auto v = nest.variables();
    if (step.array == 2 && step.write) seen.push_back({v[3], v[4], v[5]});
  }
  EXPECT_EQ(seen, expected);
}

TEST(LoopNest, EveryNestIsConsistent) {
  for (const NestSpec& spec : nests()) {
    for (const NestOptions& options :
         {NestOptions{.n = 1, .block = 1}, {.n = 6, .block = 4, .padding = 1}, {.n = 8, .block = 8}}) {
      LoopNest nest(spec, options);
      const auto steps = steps_of(nest);
      EXPECT_EQ(static_cast<std::int64_t>(steps.size()), nest.total()) << spec.name;
      EXPECT_EQ(nest.done(), nest.total());
      std::vector<std::set<std::pair<int, int>>> touched(spec.arrays.size());
      for (const NestStep& step : steps) {
        EXPECT_LT(step.address, nest.bytes());
        // The line that it links to names the array.
        const std::string line = spec.code[static_cast<std::size_t>(step.source_line)];
        EXPECT_NE(line.find(std::string(spec.arrays[static_cast<std::size_t>(step.array)]) + "["), std::string::npos);
        touched[static_cast<std::size_t>(step.array)].insert({step.row, step.column});
      }
      for (std::size_t array = 0; array < touched.size(); ++array) {
        const bool vector = spec.arrays[array] == std::string("s");
        EXPECT_EQ(touched[array].size(), static_cast<std::size_t>(options.n * (vector ? 1 : options.n))) << spec.name;
      }
      for (const NestLoop& loop : spec.loops) {
        EXPECT_NE(std::string(spec.code[static_cast<std::size_t>(loop.source_line)])
                      .find("for (int " + std::string(loop.variable) + " = "),
                  std::string::npos);
      }
    }
  }
  EXPECT_NE(message_of<std::invalid_argument>([] { nest("matmul_kij"); }).find("matmul_ijk, matmul_jik"),
            std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([] { LoopNest(nests()[0], {.n = 0}); }).find("n is 0"),
            std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([] {
              LoopNest(nests()[0], {.n = 4, .block = 5});
            }).find("block is 5; it must be 1 to 4"),
            std::string::npos);
}

CacheCounters simulate(std::string_view name, const NestOptions& options, const CacheLevel& level) {
  NestSimulation simulation(nest(name), options, {&level, 1});
  EXPECT_EQ(simulation.run(INT64_MAX), simulation.nest().total());
  return simulation.caches().counters(0);
}

TEST(NestSimulation, GivesTheMissesThatThePencilGives) {
  const CacheLevel roomy{1 << 20, kLine, 16}, small{8192, kLine, 8};
  // All fits: every line is missed once.
  EXPECT_EQ(simulate("matmul_ijk", {.n = 64}, roomy).misses(), 3 * 64 * 64 * 4 / kLine);
  // A transpose by rows: A's lines once; B's column of 256 lines doesn't fit into 128, so each element misses.
  const CacheCounters transpose = simulate("transpose", {.n = 256, .padding = 16}, small);
  EXPECT_EQ(transpose.read_misses, 256 * 256 * 4 / kLine);
  EXPECT_EQ(transpose.write_misses, 256 * 256);
  // Blocks of 16 use up each line of both.
  EXPECT_EQ(simulate("transpose_blocked", {.n = 256, .padding = 16}, small).misses(), 2 * 256 * 256 * 4 / kLine);
  // The worst order misses with every access in the inner loop, the best once a line.
  EXPECT_GT(simulate("matmul_jki", {.n = 128, .padding = 16}, small).misses(),
            10 * simulate("matmul_ikj", {.n = 128, .padding = 16}, small).misses());
}

TEST(NestSimulation, StepsAndRunsAlike) {
  const CacheLevel levels[] = {{1024, kLine, 2}, {4096, kLine, 4}};
  NestSimulation stepped(nest("matmul_ikj"), {.n = 20}, levels), run(nest("matmul_ikj"), {.n = 20}, levels);
  std::int64_t from[3] = {};
  for (SimulatedStep step{}; stepped.step(step);) ++from[step.level];
  EXPECT_EQ(run.run(1000), 1000);
  EXPECT_EQ(run.run(INT64_MAX), run.nest().total() - 1000);
  for (int level = 0; level < 2; ++level) {
    EXPECT_EQ(stepped.caches().counters(level), run.caches().counters(level));
    EXPECT_EQ(stepped.caches().counters(level).hits(), from[level]);
  }
  EXPECT_EQ(stepped.caches().counters(1).misses(), from[2]);
  const CacheCounters all = run.caches().counters(0);
  run.restart();
  EXPECT_EQ(run.caches().counters(0), CacheCounters{});
  run.run(INT64_MAX);
  EXPECT_EQ(run.caches().counters(0), all);
}

}  // namespace
}  // namespace optlab::profile
