#include "bindings/model_profile.h"

#include <emscripten/bind.h>

#include "bindings/guard.h"
#include "bindings/rows.h"
#include "bindings/runtime.h"
#include "core/error.h"

namespace optlab::bindings {
namespace {

constexpr auto kLayer = [](const profile::LayerProfile& l, const auto& visit) {
  visit("parent", l.parent);  // an index, or -1
  visit("depth", l.depth);
  visit("calls", l.calls);
  visit("flops", [&] { return l.work.flops(); });
  visit("bytes_read", l.work.bytes_read);
  visit("bytes_written", l.work.bytes_written);
  visit("high_water", l.high_water);
  visit("growth", l.growth);
  visit("share", l.share);
};

/// Seconds; zeros before the first sample.
constexpr auto kTiming = [](const measure::Statistics& s, const auto& visit) {
  visit("count", s.count);
  visit("median", s.median);
  visit("low", s.low);
  visit("high", s.high);
  visit("mad", s.mad);
  visit("interval_is_range", s.interval_is_range);
};

constexpr auto kSpan = [](const profile::LayerSpan& span, const auto& visit) {
  visit("layer", span.layer);
  visit("begin", span.begin);
  visit("seconds", span.seconds);
};

constexpr auto kEvent = [](const profile::MemoryEvent& event, const auto& visit) {
  visit("seconds", event.seconds);
  visit("bytes", event.bytes);
  visit("current", event.current);
};

using Layers = Rows<profile::LayerProfile, kLayer>;
using Timings = Rows<measure::Statistics, kTiming>;
using Spans = Rows<profile::LayerSpan, kSpan>;
using Events = Rows<profile::MemoryEvent, kEvent>;

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
  for (const profile::LayerProfile& l : profiler_.profile().layers()) {
    result += text({l.name, "\t", l.kind, "\t", l.output.to_string(), "\n"});
  }
  return result;
}

LayerRows ModelProfile::layers() const {
  Layers rows;
  for (const profile::LayerProfile& l : profiler_.profile().layers()) rows.add(l);
  return LayerRows(rows.value());
}

TimingRows ModelProfile::timings() const {
  Timings rows;
  const auto add = [&](const auto& seconds) { rows.add(seconds.value_or(measure::Statistics{})); };
  add(profiler_.profile().run());
  for (const profile::LayerProfile& l : profiler_.profile().layers()) add(l.seconds);
  return TimingRows(rows.value());
}

SpanRows ModelProfile::spans() const {
  Spans rows;
  for (const profile::LayerSpan& span : profiler_.profile().spans()) rows.add(span);
  return SpanRows(rows.value());
}

MemoryRows ModelProfile::memory() const {
  Events rows;
  for (const profile::MemoryEvent& event : profiler_.memory_timeline()) rows.add(event);
  return MemoryRows(rows.value());
}

EMSCRIPTEN_BINDINGS(optlab_model_profile) {
  using namespace emscripten;
  register_type<LayerRows>(kTypeName<Layers::kType>.data());
  register_type<TimingRows>(kTypeName<Timings::kType>.data());
  register_type<SpanRows>(kTypeName<Spans::kType>.data());
  register_type<MemoryRows>(kTypeName<Events::kType>.data());

  class_<ModelProfile>("ModelProfile")
      .function("step", guard<&ModelProfile::step>)
      .function("progress", &ModelProfile::progress)
      // For each layer a line: its name, kind and output's shape, with tabs between them.
      .function("names", guard<&ModelProfile::names>)
      .function("layers", guard<&ModelProfile::layers>)
      .function("timings", guard<&ModelProfile::timings>)  // of the whole run, then of each layer
      .function("spans", guard<&ModelProfile::spans>)      // of the last run
      .function("memory", guard<&ModelProfile::memory>);   // of the first run
}

}  // namespace optlab::bindings
