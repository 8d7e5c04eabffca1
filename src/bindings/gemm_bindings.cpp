#include <emscripten/bind.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "bindings/guard.h"
#include "bindings/ladder.h"
#include "bindings/profile_bindings.h"
#include "bindings/runtime.h"
#include "bindings/whole.h"
#include "core/tensor.h"
#include "gemm/blocking_tuner.h"
#include "gemm/gemm_race.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(Names)

/// The rungs of a race, integer ones included.
VariantArray gemm_variants() {
  const val rows = val::array();
  static constexpr const char* kModes[] = {"exact", "fast", "int8"};
  for (const gemm::Rung& rung : gemm::rungs()) {
    push_row(rows, {rung.name, rung.idea, rung.isa, kModes[static_cast<int>(rung.kind)], rung.threaded,
                    rung.supported(), rung.prepacked});
  }
  return VariantArray(rows);
}

/// C = A·B by the rung `name`, or by the dispatcher's choice in exact mode if it is empty.
void gemm_multiply(const Tensor& a, const Tensor& b, Tensor& c, std::string name) {
  if (&c == &a || &c == &b) {
    throw std::invalid_argument("gemmMultiply: C is the same tensor as A or B; the result needs one of its own");
  }
  gemm::Context context = runtime().context();
  const gemm::Problem problem{a.matrix(), b.matrix(), c.matrix(), {}};
  if (name.empty()) {
    gemm::multiply(problem, context);
  } else {
    gemm::multiply(gemm::variant(name), problem, context);
  }
}

/// A race on the shared runtime.
class Race {
 public:
  Race(int m, int k, int n, const std::vector<std::string>& names, double seconds)
      : race_(m, k, n, names, runtime().pool, {.max_seconds = seconds}, runtime().blocking) {}
  bool step() { return race_.race().step(); }
  double progress() { return race_.race().progress(); }
  LaneArray lanes() { return lanes_of(race_.race()); }
  Float64Copy samples(double lane) { return samples_of(race_.race(), whole("lane", lane)); }
  std::string digest(double lane) const { return race_.digest(whole("lane", lane)); }
  double packed_bytes(double lane) const { return static_cast<double>(race_.packed_bytes(whole("lane", lane))); }
  double scratch_high_water() const { return static_cast<double>(race_.scratch_high_water()); }

 private:
  gemm::GemmRace race_;
};

/// Measures candidates on the shared runtime; `apply` makes the best of them the runtime's own.
class Tuner {
 public:
  explicit Tuner(double seconds) : tuner_(runtime().pool, seconds) {}
  bool step() { return tuner_.step(); }
  double progress() const { return tuner_.progress(); }
  LaneArray lanes() const { return lanes_of(tuner_.race()); }
  BlockingValue best() const { return to_value(tuner_.best()); }
  void apply() const { runtime().blocking = tuner_.best(); }

 private:
  gemm::BlockingTuner tuner_;
};

Tuner* make_tuner(double seconds) { return new Tuner(seconds); }

Race* make_race(double m, double k, double n, Names names, double seconds) {
  return new Race(whole("M", m), whole("K", k), whole("N", n), emscripten::vecFromJSArray<std::string>(names), seconds);
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_gemm) {
  using namespace emscripten;
  register_type<Names>("string[]");

  function("gemmVariants", &gemm_variants);
  function("gemmMultiply", guard<&gemm_multiply>);

  class_<Tuner>("BlockingTuner")
      .constructor(guard<&make_tuner>, return_value_policy::take_ownership())
      .function("step", guard<&Tuner::step>)
      .function("progress", &Tuner::progress)
      .function("lanes", guard<&Tuner::lanes>)
      .function("best", guard<&Tuner::best>)
      .function("apply", guard<&Tuner::apply>);

  class_<Race>("GemmRace")
      .constructor(guard<&make_race>, return_value_policy::take_ownership())
      .function("step", guard<&Race::step>)
      .function("progress", guard<&Race::progress>)
      .function("lanes", guard<&Race::lanes>)
      .function("samples", guard<&Race::samples>)
      .function("digest", guard<&Race::digest>)
      .function("packedBytes", guard<&Race::packed_bytes>)
      .function("scratchHighWater", &Race::scratch_high_water);
}

}  // namespace optlab::bindings
