#include <emscripten/bind.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/decoding.h"
#include "bindings/guard.h"
#include "bindings/whole.h"
#include "lm/attention_map.h"
#include "lm/perplexity.h"
#include "lm/regroup.h"
#include "lm/tokenizer.h"

/// Views of decoding: where attention looks, other groups of heads, what a policy costs in prediction.
namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(ViewIds)
EMSCRIPTEN_DECLARE_VAL_TYPE(ViewValues)
EMSCRIPTEN_DECLARE_VAL_TYPE(ViewSettings)

ViewValues attention_map(const LanguageModel& model, ViewSettings settings, ViewIds ids) {
  Decoding decoding(model, settings);
  const auto map = lm::attention_map(decoding.decoder, copy_from<std::int32_t>(ids));
  return ViewValues(copy_to("Float32Array", map.values()));
}

LanguageModel* regroup(const LanguageModel& model, double kv_heads) {
  auto* copy = new LanguageModel(lm::regroup(*model.lm, whole("kvHeads", kv_heads)));
  copy->tokenizer_digest = model.tokenizer_digest;
  return copy;
}

/// Where the bytes of each token end in the text that they are.
ViewIds token_ends(const lm::Tokenizer& tokenizer, ViewIds ids) {
  std::vector<std::int32_t> ends = copy_from<std::int32_t>(ids);
  std::int32_t end = 0;
  for (std::int32_t& id : ends) id = end += static_cast<std::int32_t>(tokenizer.token(id).size());
  return ViewIds(copy_to("Int32Array", ends));
}

class TextPerplexity {
 public:
  TextPerplexity(const LanguageModel& model, const val& settings, const std::vector<std::int32_t>& ids, int context,
                 int stride)
      : decoding_(model, settings), perplexity_(decoding_.decoder, ids, context, stride) {}

  bool step(double tokens) { return perplexity_.step(whole("tokens", tokens), decoding_.context.pool); }
  double progress() const { return perplexity_.progress(); }
  double nats() const { return perplexity_.nats(); }
  ViewValues losses() const { return ViewValues(copy_to("Float32Array", perplexity_.losses())); }

 private:
  Decoding decoding_;
  lm::Perplexity perplexity_;
};

TextPerplexity* make_perplexity(const LanguageModel& model, ViewSettings settings, ViewIds ids, double context,
                                double stride) {
  return new TextPerplexity(model, settings, copy_from<std::int32_t>(ids), whole("context", context),
                            whole("stride", stride));
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_decode_views) {
  using namespace emscripten;
  register_type<ViewIds>("Int32Array");
  register_type<ViewValues>("Float32Array");
  register_type<ViewSettings>(kDecoderSettings);

  // [layers, heads, query, key]
  function("attentionMap", guard<&attention_map>);
  // A copy with another number of key and value heads: means of heads, or each several times.
  function("regroupLm", guard<&regroup>, return_value_policy::take_ownership(), nonnull<ret_val>());
  function("tokenEnds", guard<&token_ends>);
  // How a decoder predicts a text, in windows of `context` tokens that begin `stride` apart.
  class_<TextPerplexity>("Perplexity")
      .constructor(guard<&make_perplexity>, return_value_policy::take_ownership())
      .function("step", guard<&TextPerplexity::step>)  // up to so many tokens; false if all were done before
      .function("progress", &TextPerplexity::progress)
      .function("nats", &TextPerplexity::nats)
      .function("losses", &TextPerplexity::losses);  // -log p of each token so far
}

}  // namespace optlab::bindings
