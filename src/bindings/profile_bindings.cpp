#include "bindings/profile_bindings.h"

#include <emscripten/bind.h>

#include "bindings/guard.h"
#include "bindings/runtime.h"
#include "profile/roofline_probe.h"

namespace optlab::bindings {

using emscripten::val;

LaneArray lanes_of(const profile::Race& race) {
  val result = val::array();
  for (const profile::Lane& lane : race.lanes()) result.call<void>("push", lane);
  return LaneArray(result);
}

Float64Copy samples_of(const profile::Race& race, int lane) {
  const std::span<const double> samples = race.samples(lane);
  return Float64Copy(val::global("Float64Array").new_(emscripten::typed_memory_view(samples.size(), samples.data())));
}

namespace {

EMSCRIPTEN_DECLARE_VAL_TYPE(PeakArray)
EMSCRIPTEN_DECLARE_VAL_TYPE(PeakKind)

PeakKind kind_name(profile::Peak::Kind kind) {
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
    for (const profile::Peak& peak : probe_.peaks()) {
      result.call<void>("push", PeakValue{peak.name, kind_name(peak.kind), peak.threads, peak.fused, peak.value,
                                          static_cast<double>(peak.bytes)});
    }
    return PeakArray(result);
  }

 private:
  profile::RooflineProbe probe_;
};

Probe* make_probe(double seconds) { return new Probe(seconds); }

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_profile) {
  using namespace emscripten;
  register_type<LaneArray>("Lane[]");
  register_type<Float64Copy>("Float64Array");
  register_type<PeakArray>("Peak[]");
  register_type<PeakKind>("'compute' | 'integer' | 'memory'");
  register_optional<profile::Statistics>();

  value_object<profile::Statistics>("Statistics")
      .field("count", &profile::Statistics::count)
      .field("median", &profile::Statistics::median)
      .field("mean", &profile::Statistics::mean)
      .field("min", &profile::Statistics::min)
      .field("max", &profile::Statistics::max)
      .field("p5", &profile::Statistics::p5)
      .field("p95", &profile::Statistics::p95)
      .field("mad", &profile::Statistics::mad)
      .field("low", &profile::Statistics::low)
      .field("high", &profile::Statistics::high)
      .field("intervalIsRange", &profile::Statistics::interval_is_range);
  value_object<profile::Lane>("Lane")
      .field("name", &profile::Lane::name)
      .field("flops", &profile::Lane::flops)
      .field("bytes", &profile::Lane::bytes)
      .field("settled", &profile::Lane::settled)
      .field("discarded", &profile::Lane::discarded)
      .field("statistics", &profile::Lane::statistics);
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
