#include <emscripten/bind.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/guard.h"
#include "bindings/model_profile.h"
#include "core/error.h"
#include "lm/lm_checkpoint.h"
#include "lm/tokenizer.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(LmBytes)
EMSCRIPTEN_DECLARE_VAL_TYPE(TokenIds)

/// A language model on one sequence.
class TokenProfile final : public ModelProfile {
 public:
  TokenProfile(std::span<const std::byte> file, std::vector<std::int32_t> ids, const std::string& variant,
               double seconds)
      : ModelProfile(variant, seconds),
        model_(lm::lm_from_safetensors(file)),
        ids_(std::move(ids)),
        logits_(Shape{tokens(), model_.config().vocab}) {}

 private:
  int tokens() const {
    const int most = model_.config().positions;
    if (ids_.empty() || ids_.size() > static_cast<std::size_t>(most)) {
      throw_invalid({"LmProfiler: ", ids_.size(), " tokens; the model reads 1 to ", most});
    }
    return static_cast<int>(ids_.size());
  }
  void run_model(const nn::Compute& compute, profile::Observer* observer) override {
    model_.logits(ids_, tokens(), logits_.matrix(), compute, observer);
  }

  lm::Lm model_;
  std::vector<std::int32_t> ids_;
  Tensor logits_;
};

TokenProfile* make_profile(LmBytes file, TokenIds ids, std::string variant, double seconds) {
  const auto bytes = copy_from<std::uint8_t>(file);
  return new TokenProfile(std::as_bytes(std::span(bytes)), copy_from<std::int32_t>(ids), variant, seconds);
}

lm::Tokenizer* make_tokenizer(LmBytes file) {
  const auto bytes = copy_from<std::uint8_t>(file);
  return new lm::Tokenizer(lm::Tokenizer::parse(std::as_bytes(std::span(bytes))));
}

TokenIds encode(const lm::Tokenizer& tokenizer, std::string text) {
  return TokenIds(copy_to("Int32Array", tokenizer.encode(text)));
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_lm) {
  using namespace emscripten;
  register_type<LmBytes>("Uint8Array");
  register_type<TokenIds>("Int32Array");

  class_<lm::Tokenizer>("Tokenizer")
      .constructor(guard<&make_tokenizer>, return_value_policy::take_ownership())  // of an optlab-bpe file
      .function("encode", guard<&encode>);
  // Of a safetensors file, the tokens of one sequence, a rung and the time there is.
  class_<TokenProfile, base<ModelProfile>>("LmProfiler")
      .constructor(guard<&make_profile>, return_value_policy::take_ownership());
}

}  // namespace optlab::bindings
