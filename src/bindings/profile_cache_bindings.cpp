#include <emscripten/bind.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/guard.h"
#include "bindings/rows.h"
#include "bindings/whole.h"
#include "core/error.h"
#include "profile/nest_simulation.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(NestInfoArray)
EMSCRIPTEN_DECLARE_VAL_TYPE(NestName)
EMSCRIPTEN_DECLARE_VAL_TYPE(CacheNumbers)
EMSCRIPTEN_DECLARE_VAL_TYPE(AccessRows)
EMSCRIPTEN_DECLARE_VAL_TYPE(CounterRows)

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

constexpr auto kAccess = [](const profile::SimulatedStep& step, const auto& visit) {
  visit("array", step.access.array);
  visit("row", step.access.row);
  visit("column", step.access.column);
  visit("write", step.access.write);
  visit("source_line", step.access.source_line);
  visit("level", step.level);  // that had it; the number of levels: memory
};
using Accesses = Rows<profile::SimulatedStep, kAccess, std::int32_t>;

/// What an array did in a level by a line of the code.
struct Counter {
  int level, array, source_line;
  profile::CacheCounters count;
};
constexpr auto kCounter = [](const Counter& c, const auto& visit) {
  visit("level", c.level);
  visit("array", c.array);
  visit("source_line", c.source_line);
  visit("reads", c.count.reads);
  visit("writes", c.count.writes);
  visit("read_misses", c.count.read_misses);
  visit("write_misses", c.count.write_misses);
  visit("evictions", c.count.evictions);
  visit("writebacks", c.count.writebacks);
};
using Counters = Rows<Counter, kCounter, std::int32_t>;  // whose numbers fit: at most kMostSize³

/// A nest in its caches.
class CacheSimulation {
 public:
  static constexpr int kMostSteps = 1 << 20;  // in one array

  CacheSimulation(const profile::NestSpec& spec, const profile::NestOptions& options,
                  std::span<const profile::CacheLevel> levels)
      : simulation_(spec, options, levels) {}

  AccessRows step(double most) {
    Accesses rows;
    profile::SimulatedStep step{};
    for (int left = std::min(whole("count", most), kMostSteps); left > 0 && simulation_.step(step); --left) {
      rows.add(step);
    }
    return AccessRows(rows.value());
  }
  double run(double most) { return static_cast<double>(simulation_.run(whole("count", most))); }
  void restart() { simulation_.restart(); }
  double done() const { return static_cast<double>(simulation_.nest().done()); }
  double total() const { return static_cast<double>(simulation_.nest().total()); }
  double address(double array) const { return static_cast<double>(simulation_.nest().base(whole("array", array))); }

  CounterRows counters() const {
    const profile::CacheSimulator& caches = simulation_.caches();
    Counters rows;
    for (int level = 0; level < caches.levels(); ++level) {
      for (int line = 0; line < caches.source_lines(); ++line) {
        for (int array = 0; array < caches.regions(); ++array) {
          rows.add({level, array, line, caches.counters(level, array, line)});
        }
      }
    }
    return CounterRows(rows.value());
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
  register_type<AccessRows>(kTypeName<Accesses::kType>.data());
  register_type<CounterRows>(kTypeName<Counters::kType>.data());

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
      // Up to so many accesses.
      .function("step", guard<&CacheSimulation::step>)
      .function("run", guard<&CacheSimulation::run>)  // up to so many accesses; how many there were
      .function("restart", &CacheSimulation::restart)
      .function("done", &CacheSimulation::done)
      .function("total", &CacheSimulation::total)
      .function("address", guard<&CacheSimulation::address>)  // of an array's first byte
      // Of each level, line of the code and array.
      .function("counters", guard<&CacheSimulation::counters>)
      // Numbers of the lines that a level holds, set by set, most recently used first; -1 for nothing.
      .function("contents", guard<&CacheSimulation::contents>);
}

}  // namespace optlab::bindings
