#include <emscripten/bind.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "bindings/guard.h"
#include "bindings/ladder.h"
#include "bindings/profile_bindings.h"
#include "bindings/runtime.h"
#include "bindings/whole.h"
#include "core/error.h"
#include "sparse/crossover.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(SparseMode)
// Text comes as a value: for a std::string Embind copies it beforehand and leaves the copy behind when the call throws.
EMSCRIPTEN_DECLARE_VAL_TYPE(FormatName)
EMSCRIPTEN_DECLARE_VAL_TYPE(VariantName)

/// Sparse weights and the rung that multiplies by them.
struct SparseWeights {
  const sparse::Variant& variant;
  sparse::BlockMatrix matrix;
};

/// Without a name: the dispatcher's choice in exact mode for the threads there are now.
SparseWeights* make_weights(const Tensor& w, FormatName format, VariantName wanted) {
  const auto name = wanted.as<std::string>();
  const sparse::Variant& variant =
      name.empty() ? sparse::best(gemm::Mode::kExact, runtime().pool.threads()) : sparse::variant(name);
  return new SparseWeights{variant, {w.matrix(), sparse::format_named(format.as<std::string>())}};
}
double weights_bytes(const SparseWeights& w) { return static_cast<double>(w.matrix.bytes()); }
double weights_density(const SparseWeights& w) { return w.matrix.density(); }
int weights_nonzeros(const SparseWeights& w) { return w.matrix.nonzeros(); }

/// C = A·W.
void sparse_multiply(const Tensor& a, const SparseWeights& w, Tensor& c) {
  if (&c == &a) throw std::invalid_argument("sparseMultiply: C is the same tensor as A; it needs one of its own");
  gemm::Context context = runtime().context();
  sparse::multiply(w.variant, {a.matrix(), w.matrix, c.matrix()}, context);
}

gemm::Mode mode_named(const std::string& name) {
  if (name == "exact") return gemm::Mode::kExact;
  if (name == "fast") return gemm::Mode::kFast;
  throw_invalid({"sparse: no mode \"", name, "\"; there are exact, fast"});
}

/// Finds the crossover on the shared runtime.
class Probe {
 public:
  Probe(int m, int k, int n, sparse::Format format, gemm::Mode mode, double seconds)
      : probe_(m, k, n, format, mode, runtime().pool, {.max_seconds = seconds}, runtime().blocking) {}
  bool step() { return probe_.step(); }
  double progress() const { return probe_.progress(); }
  LaneArray lanes() const { return lanes_of(probe_.race()); }
  Float64Copy densities() const {
    val result = val::array();
    for (const double density : probe_.densities()) result.call<void>("push", density);
    return Float64Copy(val::global("Float64Array").call<val>("from", result));
  }
  double crossover() const { return probe_.result().density; }

 private:
  sparse::CrossoverProbe probe_;
};

Probe* make_probe(double m, double k, double n, FormatName format, SparseMode mode, double seconds) {
  return new Probe(whole("M", m), whole("K", k), whole("N", n), sparse::format_named(format.as<std::string>()),
                   mode_named(mode.as<std::string>()), seconds);
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_sparse) {
  using namespace emscripten;
  register_type<SparseMode>("'exact' | 'fast'");
  register_type<FormatName>("'csr' | 'block1x4' | 'block4x4'");
  register_type<VariantName>("string");

  function("sparseVariants", &ladder<&sparse::variants>);

  // Weights [K,N] without their zeros; density() counts blocks.
  class_<SparseWeights>("SparseMatrix")
      .constructor(guard<&make_weights>, return_value_policy::take_ownership())
      .function("bytes", &weights_bytes)
      .function("density", &weights_density)
      .function("nonzeros", &weights_nonzeros);
  function("sparseMultiply", guard<&sparse_multiply>);

  // Races dense (lane 0) against sparse at densities() (lanes 1, 2, …); crossover() is the density below which sparse wins.
  class_<Probe>("SparseCrossover")
      .constructor(guard<&make_probe>, return_value_policy::take_ownership())
      .function("step", guard<&Probe::step>)
      .function("progress", &Probe::progress)
      .function("lanes", guard<&Probe::lanes>)
      .function("densities", guard<&Probe::densities>)
      .function("crossover", guard<&Probe::crossover>);
}

}  // namespace optlab::bindings
