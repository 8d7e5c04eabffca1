#include "bindings/profile_bindings.h"

#include <emscripten/bind.h>

#include "bindings/guard.h"
#include "bindings/runtime.h"
#include "measure/roofline_probe.h"

namespace optlab::bindings {

using emscripten::val;

LaneArray lanes_of(const measure::Race& race) {
  val result = val::array();
  for (const measure::Lane& lane : race.lanes()) result.call<void>("push", lane);
  return LaneArray(result);
}

Float64Copy samples_of(const measure::Race& race, int lane) {
  const std::span<const double> samples = race.samples(lane);
  return Float64Copy(val::global("Float64Array").new_(emscripten::typed_memory_view(samples.size(), samples.data())));
}

namespace {

EMSCRIPTEN_DECLARE_VAL_TYPE(PeakArray)
EMSCRIPTEN_DECLARE_VAL_TYPE(PeakKind)

PeakKind kind_name(measure::Peak::Kind kind) {
  static constexpr const char* kKinds[] = {"compute", "integer", "memory"};
  return PeakKind(val(kKinds[static_cast<int>(kind)]));
}

/// As JavaScript sees a peak.
struct PeakValue {
  std::string name;
  PeakKind kind = PeakKind(val::undefined());
  int threads = 0;
  bool fused = false;
  double value = 0;
  double bytes = 0;
};

class Probe {
 public:
  explicit Probe(double seconds) : probe_(runtime().pool, seconds) {}
  bool step() { return probe_.step(); }
  double progress() const { return probe_.progress(); }
  LaneArray lanes() const { return lanes_of(probe_.race()); }
  PeakArray peaks() const {
    val result = val::array();
    for (const measure::Peak& peak : probe_.peaks()) {
      result.call<void>("push", PeakValue{peak.name, kind_name(peak.kind), peak.threads, peak.fused, peak.value,
                                          static_cast<double>(peak.bytes)});
    }
    return PeakArray(result);
  }

 private:
  measure::RooflineProbe probe_;
};

Probe* make_probe(double seconds) { return new Probe(seconds); }

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_profile) {
  using namespace emscripten;
  register_type<LaneArray>("Lane[]");
  register_type<Float64Copy>("Float64Array");
  register_type<PeakArray>("Peak[]");
  register_type<PeakKind>("'compute' | 'integer' | 'memory'");
  register_optional<measure::Statistics>();

  value_object<measure::Statistics>("Statistics")
      .field("count", &measure::Statistics::count)
      .field("median", &measure::Statistics::median)
      .field("mean", &measure::Statistics::mean)
      .field("min", &measure::Statistics::min)
      .field("max", &measure::Statistics::max)
      .field("p5", &measure::Statistics::p5)
      .field("p95", &measure::Statistics::p95)
      .field("mad", &measure::Statistics::mad)
      .field("low", &measure::Statistics::low)
      .field("high", &measure::Statistics::high)
      .field("intervalIsRange", &measure::Statistics::interval_is_range);
  value_object<measure::Lane>("Lane")
      .field("name", &measure::Lane::name)
      .field("flops", &measure::Lane::flops)
      .field("bytes", &measure::Lane::bytes)
      .field("settled", &measure::Lane::settled)
      .field("discarded", &measure::Lane::discarded)
      .field("statistics", &measure::Lane::statistics);
  value_object<PeakValue>("Peak")
      .field("name", &PeakValue::name)
      .field("kind", &PeakValue::kind)
      .field("threads", &PeakValue::threads)
      .field("fused", &PeakValue::fused)
      .field("value", &PeakValue::value)
      .field("bytes", &PeakValue::bytes);

  class_<Probe>("RooflineProbe")
      .constructor(guard<&make_probe>, return_value_policy::take_ownership())
      .function("step", guard<&Probe::step>)
      .function("progress", &Probe::progress)
      .function("lanes", guard<&Probe::lanes>)
      .function("peaks", guard<&Probe::peaks>);
}

}  // namespace optlab::bindings
