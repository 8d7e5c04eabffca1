#include "bindings/model_profile.h"

#include <emscripten/bind.h>

#include <cstdint>
#include <optional>

#include "bindings/arrays.h"
#include "bindings/guard.h"
#include "bindings/runtime.h"
#include "core/error.h"

namespace optlab::bindings {
namespace {

/// Of seconds: how many samples, median, 95 % interval, MAD, 1 if the interval is the range. Zeros before the first.
void append(std::vector<double>& to, const std::optional<measure::Statistics>& seconds) {
  const measure::Statistics s = seconds.value_or(measure::Statistics{});
  to.insert(to.end(),
            {static_cast<double>(s.count), s.median, s.low, s.high, s.mad, static_cast<double>(s.interval_is_range)});
}

ProfileNumbers numbers(const std::vector<double>& values) { return ProfileNumbers(copy_to("Float64Array", values)); }

}  // namespace

ModelProfile::ModelProfile(const std::string& variant, double seconds)
    : variant_(gemm::variant(variant)),
      profiler_(
          [this](profile::Observer* observer) {
            gemm::Context context = runtime().context();
            run_model({&variant_, context}, observer);
          },
          {.max_seconds = seconds}) {}

std::string ModelProfile::names() const {
  std::string result;
  for (const profile::LayerProfile& l : profiler_.profile().layers()) result += text({l.name, "\t", l.kind, "\n"});
  return result;
}

ProfileNumbers ModelProfile::layers() const {
  std::vector<double> rows;
  for (const profile::LayerProfile& l : profiler_.profile().layers()) {
    for (const std::int64_t value :
         {std::int64_t{l.parent}, std::int64_t{l.depth}, std::int64_t{l.calls}, l.work.flops(), l.work.bytes_read,
          l.work.bytes_written, static_cast<std::int64_t>(l.high_water), static_cast<std::int64_t>(l.growth)}) {
      rows.push_back(static_cast<double>(value));
    }
    rows.push_back(l.share);
    append(rows, l.seconds);
    rows.push_back(l.output.rank());
    for (int axis = 0; axis < Shape::kMaxRank; ++axis) rows.push_back(l.output[axis]);
  }
  return numbers(rows);
}

ProfileNumbers ModelProfile::run() const {
  std::vector<double> row;
  append(row, profiler_.profile().run());
  return numbers(row);
}

ProfileNumbers ModelProfile::spans() const {
  std::vector<double> rows;
  for (const profile::LayerSpan& span : profiler_.profile().spans()) {
    rows.insert(rows.end(), {static_cast<double>(span.layer), span.begin, span.seconds});
  }
  return numbers(rows);
}

ProfileNumbers ModelProfile::memory() const {
  std::vector<double> rows;
  for (const profile::MemoryEvent& event : profiler_.memory_timeline()) {
    rows.insert(rows.end(), {event.seconds, static_cast<double>(event.bytes), static_cast<double>(event.current)});
  }
  return numbers(rows);
}

EMSCRIPTEN_BINDINGS(optlab_model_profile) {
  using namespace emscripten;
  register_type<ProfileNumbers>("Float64Array");

  class_<ModelProfile>("ModelProfile")
      .function("step", guard<&ModelProfile::step>)
      .function("progress", &ModelProfile::progress)
      // For each layer a line: its name, a tab, its kind.
      .function("names", guard<&ModelProfile::names>)
      // For each layer 20 numbers: parent (an index, or -1), depth, calls, FLOPs, bytes read, bytes written, high-water mark,
      // growth; share of the run; samples, median, low, high, MAD, 1 if low and high are the range; rank and 4 extents of its
      // output.
      .function("layers", guard<&ModelProfile::layers>)
      .function("run", guard<&ModelProfile::run>)         // 6 numbers, as the samples of a layer
      .function("spans", guard<&ModelProfile::spans>)     // of the last run: layer, begin, seconds
      .function("memory", guard<&ModelProfile::memory>);  // of the first run: seconds, bytes, allocated then
}

}  // namespace optlab::bindings
