#include <emscripten/bind.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/guard.h"
#include "bindings/runtime.h"
#include "nn/mlp.h"
#include "profile/clock.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(Bytes)
EMSCRIPTEN_DECLARE_VAL_TYPE(Floats)
EMSCRIPTEN_DECLARE_VAL_TYPE(Numbers)

/// As JavaScript sees a classification.
struct Classified {
  Bytes predictions = Bytes(val::undefined());
  std::string logits_digest;
  double seconds = 0;
};

nn::Mlp* make_mlp(Bytes file) {
  const auto bytes = copy_from<std::uint8_t>(file);
  return new nn::Mlp(nn::Mlp::from_safetensors(std::as_bytes(std::span(bytes))));
}

Numbers mlp_layers(const nn::Mlp& model) {
  return Numbers(val::array(std::vector<int>(model.sizes().begin(), model.sizes().end())));
}

double mlp_parameters(const nn::Mlp& model) { return static_cast<double>(model.parameter_count()); }

nn::Classification classify_with(const nn::Mlp& model, std::span<const std::uint8_t> pixels,
                                 const std::string& variant) {
  gemm::Context context = runtime().context();
  return nn::classify(model, pixels, {&gemm::variant(variant), context});
}

/// Weights are packed once, when a rung is first used with them, and not timed.
Classified mlp_classify(nn::Mlp& model, Bytes images, std::string variant) {
  const auto pixels = copy_from<std::uint8_t>(images);
  model.prepare(gemm::variant(variant));
  const double start = profile::now_seconds();
  const nn::Classification result = classify_with(model, pixels, variant);
  const double seconds = profile::now_seconds() - start;
  return {Bytes(copy_to("Uint8Array", result.predictions)), result.logits_digest, seconds};
}

double mlp_packed_bytes(const nn::Mlp& model) { return static_cast<double>(model.packed_bytes()); }

Floats mlp_logits(const nn::Mlp& model, Bytes images, std::string variant) {
  return Floats(copy_to("Float32Array", classify_with(model, copy_from<std::uint8_t>(images), variant).logits));
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_nn) {
  using namespace emscripten;
  register_type<Bytes>("Uint8Array");
  register_type<Floats>("Float32Array");
  register_type<Numbers>("number[]");

  value_object<Classified>("Classification")
      .field("predictions", &Classified::predictions)
      .field("logitsDigest", &Classified::logits_digest)
      .field("seconds", &Classified::seconds);

  class_<nn::Mlp>("Mlp")
      .constructor(guard<&make_mlp>, return_value_policy::take_ownership())  // of a safetensors file
      .function("layers", &mlp_layers)
      .function("parameters", &mlp_parameters)
      .function("packedBytes", &mlp_packed_bytes)
      .function("classify", guard<&mlp_classify>)
      .function("logits", guard<&mlp_logits>);
}

}  // namespace optlab::bindings
