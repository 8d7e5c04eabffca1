#include <emscripten/bind.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/guard.h"
#include "bindings/whole.h"
#include "profile/nest_simulation.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(NestInfoArray)
EMSCRIPTEN_DECLARE_VAL_TYPE(NestName)
EMSCRIPTEN_DECLARE_VAL_TYPE(NestSettings)
EMSCRIPTEN_DECLARE_VAL_TYPE(CacheLevelArray)
EMSCRIPTEN_DECLARE_VAL_TYPE(CacheCountsArray)
EMSCRIPTEN_DECLARE_VAL_TYPE(StepArray)

/// What one pair of an array and a source line did at one level.
struct CacheCounts {
  int level;
  int array;
  int source_line;
  double reads;
  double writes;
  double read_misses;
  double write_misses;
  double evictions;
  double writebacks;
};

val strings(std::span<const char* const> texts) {
  val result = val::array();
  for (const char* text : texts) result.call<void>("push", val(text));
  return result;
}

NestInfoArray cache_nests() {
  val result = val::array();
  for (const profile::NestSpec& spec : profile::nests()) {
    std::vector<const char*> variables;
    bool blocked = false;
    for (const profile::NestLoop& loop : spec.loops) {
      variables.push_back(loop.variable);
      blocked = blocked || loop.over_tiles;
    }
    val info = val::object();
    info.set("name", val(std::string(spec.name)));
    info.set("idea", val(std::string(spec.idea)));
    info.set("code", strings(spec.code));
    info.set("arrays", strings(spec.arrays));
    info.set("variables", strings(variables));
    info.set("blocked", val(blocked));
    result.call<void>("push", info);
  }
  return NestInfoArray(result);
}

int field(const val& object, const char* name) { return whole(name, object[name].as<double>()); }

class CacheSimulation {
 public:
  /// What step() writes for an access: array, row, column, written, source line, level, then the loops' variables.
  static constexpr int kFields = 6 + profile::LoopNest::kMostLoops;

  CacheSimulation(const profile::NestSpec& spec, const profile::NestOptions& options,
                  std::span<const profile::CacheLevel> levels)
      : simulation_(spec, options, levels) {}

  StepArray step(double count) {
    std::vector<std::int32_t> values;
    profile::SimulatedStep step{};
    for (int left = whole("count", count); left > 0 && simulation_.step(step); --left) {
      const profile::NestStep& access = step.access;
      values.insert(values.end(),
                    {access.array, access.row, access.column, access.write ? 1 : 0, access.source_line, step.level});
      const auto variables = simulation_.nest().variables();
      values.insert(values.end(), variables.begin(), variables.end());
      values.resize((values.size() + kFields - 1) / kFields * kFields);
    }
    return StepArray(copy_to("Int32Array", values));
  }
  double run(double most) { return static_cast<double>(simulation_.run(whole("count", most))); }
  void restart() { simulation_.restart(); }
  double done() const { return static_cast<double>(simulation_.nest().done()); }
  double total() const { return static_cast<double>(simulation_.nest().total()); }
  double address(double array) const { return static_cast<double>(simulation_.nest().base(whole("array", array))); }

  CacheCountsArray counters() const {
    val result = val::array();
    const profile::CacheSimulator& caches = simulation_.caches();
    for (int level = 0; level < caches.levels(); ++level) {
      for (int line = 0; line < caches.source_lines(); ++line) {
        for (int array = 0; array < caches.regions(); ++array) {
          const profile::CacheCounters c = caches.counters(level, array, line);
          if (c.accesses() == 0) continue;
          const auto number = [](std::int64_t value) { return static_cast<double>(value); };
          result.call<void>("push",
                            CacheCounts{level, array, line, number(c.reads), number(c.writes), number(c.read_misses),
                                        number(c.write_misses), number(c.evictions), number(c.writebacks)});
        }
      }
    }
    return CacheCountsArray(result);
  }

  StepArray contents(double level) const {
    const std::vector<std::int64_t> lines = simulation_.caches().contents(whole("level", level));
    return StepArray(copy_to("Int32Array", std::vector<std::int32_t>(lines.begin(), lines.end())));
  }

 private:
  profile::NestSimulation simulation_;
};

CacheSimulation* make_simulation(NestName name, NestSettings settings, CacheLevelArray levels) {
  const profile::NestOptions options{field(settings, "n"), field(settings, "block"), field(settings, "padding")};
  std::vector<profile::CacheLevel> caches;
  const auto count = levels["length"].as<unsigned>();
  for (unsigned i = 0; i < count; ++i) {
    const val level = levels[i];
    caches.push_back({field(level, "size"), field(level, "line"), field(level, "ways")});
  }
  return new CacheSimulation(profile::nest(name.as<std::string>()), options, caches);
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_profile_cache) {
  using namespace emscripten;
  register_type<NestInfoArray>(
      "{ name: string; idea: string; code: string[]; arrays: string[]; variables: string[]; blocked: boolean }[]");
  register_type<NestName>("string");
  register_type<NestSettings>("{ n: number; block: number; padding: number }");
  register_type<CacheLevelArray>("{ size: number; line: number; ways: number }[]");
  register_type<CacheCountsArray>("CacheCounts[]");
  register_type<StepArray>("Int32Array");

  value_object<CacheCounts>("CacheCounts")
      .field("level", &CacheCounts::level)
      .field("array", &CacheCounts::array)
      .field("sourceLine", &CacheCounts::source_line)
      .field("reads", &CacheCounts::reads)
      .field("writes", &CacheCounts::writes)
      .field("readMisses", &CacheCounts::read_misses)
      .field("writeMisses", &CacheCounts::write_misses)
      .field("evictions", &CacheCounts::evictions)
      .field("writebacks", &CacheCounts::writebacks);
  function("cacheNests", &cache_nests);
  class_<CacheSimulation>("CacheSimulation")
      .constructor(guard<&make_simulation>, return_value_policy::take_ownership())
      // 12 numbers an access: array, row, column, 1 if written, index into the code, level that had it (the number of levels:
      // memory), then the loops' variables, outermost first.
      .function("step", guard<&CacheSimulation::step>)
      .function("run", guard<&CacheSimulation::run>)  // up to so many accesses; how many there were
      .function("restart", guard<&CacheSimulation::restart>)
      .function("done", &CacheSimulation::done)
      .function("total", &CacheSimulation::total)
      .function("address", guard<&CacheSimulation::address>)  // of an array's first byte
      .function("counters",
                guard<&CacheSimulation::counters>)  // by level, source line and array; only those that have any
      // Numbers of the lines that a level holds, set by set, most recently used first; -1 for nothing.
      .function("contents", guard<&CacheSimulation::contents>);
}

}  // namespace optlab::bindings
