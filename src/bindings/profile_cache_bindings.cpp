#include <emscripten/bind.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/guard.h"
#include "bindings/whole.h"
#include "core/error.h"
#include "profile/nest_simulation.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(NestInfoArray)
EMSCRIPTEN_DECLARE_VAL_TYPE(NestName)
EMSCRIPTEN_DECLARE_VAL_TYPE(CacheNumbers)

/// As JavaScript sees a nest. Texts of several parts: arrays of strings would cost more code than all else here.
struct NestInfo {
  std::string name;
  std::string idea;
  std::string code;
  std::string arrays;
  std::string variables;
};

void append(std::string& to, char separator, const char* text) {
  if (!to.empty()) to += separator;
  to += text;
}

NestInfoArray cache_nests() {
  val result = val::array();
  for (const profile::NestSpec& spec : profile::nests()) {
    NestInfo info{std::string(spec.name), std::string(spec.idea), {}, {}, {}};
    for (const char* line : spec.code) append(info.code, '\n', line);
    for (const char* array : spec.arrays) append(info.arrays, ' ', array);
    for (const profile::NestLoop& loop : spec.loops) append(info.variables, ' ', loop.variable);
    result.call<void>("push", info);
  }
  return NestInfoArray(result);
}

/// A nest in its caches. Numbers leave as typed arrays, in rows.
class CacheSimulation {
 public:
  static constexpr std::size_t kStepFields = 6 + profile::LoopNest::kMostLoops;
  static constexpr int kMostSteps = 1 << 20;  // in one array
  static constexpr std::size_t kCounterFields = 9;

  CacheSimulation(const profile::NestSpec& spec, const profile::NestOptions& options,
                  std::span<const profile::CacheLevel> levels)
      : simulation_(spec, options, levels) {}

  CacheNumbers step(double most) {
    std::vector<std::int32_t> values(static_cast<std::size_t>(std::clamp(whole("count", most), 0, kMostSteps)) *
                                     kStepFields);
    std::size_t used = 0;
    for (profile::SimulatedStep step{}; used < values.size() && simulation_.step(step); used += kStepFields) {
      const profile::NestStep& access = step.access;
      std::int32_t* to = values.data() + used;
      for (const int value :
           {access.array, access.row, access.column, access.write ? 1 : 0, access.source_line, step.level}) {
        *to++ = value;
      }
      for (const int variable : simulation_.nest().variables()) *to++ = variable;
    }
    values.resize(used);
    return CacheNumbers(copy_to("Int32Array", values));
  }
  double run(double most) { return static_cast<double>(simulation_.run(whole("count", most))); }
  void restart() { simulation_.restart(); }
  double done() const { return static_cast<double>(simulation_.nest().done()); }
  double total() const { return static_cast<double>(simulation_.nest().total()); }
  double address(double array) const { return static_cast<double>(simulation_.nest().base(whole("array", array))); }

  CacheNumbers counters() const {
    const profile::CacheSimulator& caches = simulation_.caches();
    const int rows = caches.levels() * caches.source_lines() * caches.regions();
    std::vector<std::int32_t> values(static_cast<std::size_t>(rows) * kCounterFields);
    std::int32_t* to = values.data();
    for (int row = 0; row < rows; ++row) {
      const int array = row % caches.regions(), rest = row / caches.regions();
      const int line = rest % caches.source_lines(), level = rest / caches.source_lines();
      const profile::CacheCounters c = caches.counters(level, array, line);
      for (const std::int64_t value : {std::int64_t{level}, std::int64_t{array}, std::int64_t{line}, c.reads, c.writes,
                                       c.read_misses, c.write_misses, c.evictions, c.writebacks}) {
        *to++ = static_cast<std::int32_t>(value);  // fits: at most kMostSize³
      }
    }
    return CacheNumbers(copy_to("Int32Array", values));
  }

  CacheNumbers contents(double level) const {
    return CacheNumbers(copy_to("Int32Array", simulation_.caches().contents(whole("level", level))));
  }

 private:
  profile::NestSimulation simulation_;
};

constexpr int kMostSize = 1024;  // n³ fits into 31 bits

CacheSimulation* make_simulation(NestName name, double n, double block, double padding, CacheNumbers caches) {
  const std::vector<std::int32_t> numbers = copy_from<std::int32_t>(caches);
  const profile::NestOptions options{whole("n", n), whole("block", block), whole("padding", padding)};
  if (options.n > kMostSize) throw_invalid({"CacheSimulation: n is ", options.n, "; ", kMostSize, " is the most here"});
  std::array<profile::CacheLevel, profile::CacheSimulator::kMostLevels> levels{};
  const std::size_t count = numbers.size() / 3;
  if (count > levels.size() || numbers.size() % 3 != 0) {
    throw_invalid({"CacheSimulation: ", numbers.size(), " numbers of caches; give size, line and ways of 1 to 3"});
  }
  for (std::size_t i = 0; i < count; ++i) levels[i] = {numbers[3 * i], numbers[3 * i + 1], numbers[3 * i + 2]};
  return new CacheSimulation(profile::nest(name.as<std::string>()), options, std::span(levels).first(count));
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_profile_cache) {
  using namespace emscripten;
  register_type<NestInfoArray>("NestInfo[]");
  register_type<NestName>("string");
  register_type<CacheNumbers>("Int32Array");

  value_object<NestInfo>("NestInfo")
      .field("name", &NestInfo::name)
      .field("idea", &NestInfo::idea)
      .field("code", &NestInfo::code)             // lines
      .field("arrays", &NestInfo::arrays)         // names, a space between them
      .field("variables", &NestInfo::variables);  // of the loops, outermost first
  function("cacheNests", &cache_nests);

  class_<CacheSimulation>("CacheSimulation")
      // Nest, n, block, padding; bytes, bytes of a line and ways of each level.
      .constructor(guard<&make_simulation>, return_value_policy::take_ownership())
      // Up to so many accesses, 12 numbers each: array, row, column, 1 if written, line of the code, level that had it (the
      // number of levels: memory), the loops' variables.
      .function("step", guard<&CacheSimulation::step>)
      .function("run", guard<&CacheSimulation::run>)  // up to so many accesses; how many there were
      .function("restart", &CacheSimulation::restart)
      .function("done", &CacheSimulation::done)
      .function("total", &CacheSimulation::total)
      .function("address", guard<&CacheSimulation::address>)  // of an array's first byte
      // 9 numbers for each level, line of the code and array: level, array, line, reads, writes, read misses, write misses,
      // evictions, writebacks.
      .function("counters", guard<&CacheSimulation::counters>)
      // Numbers of the lines that a level holds, set by set, most recently used first; -1 for nothing.
      .function("contents", guard<&CacheSimulation::contents>);
}

}  // namespace optlab::bindings
