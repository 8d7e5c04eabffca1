#include <emscripten/bind.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/decoding.h"
#include "bindings/fields.h"
#include "bindings/guard.h"
#include "bindings/language_model.h"
#include "bindings/runtime.h"
#include "bindings/whole.h"
#include "core/error.h"
#include "lm/generate.h"
#include "measure/clock.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(ModelBytes)
EMSCRIPTEN_DECLARE_VAL_TYPE(SequenceIds)
EMSCRIPTEN_DECLARE_VAL_TYPE(LogitValues)
EMSCRIPTEN_DECLARE_VAL_TYPE(DecoderSettings)
EMSCRIPTEN_DECLARE_VAL_TYPE(GenerationSettings)

constexpr TypeText kGenerationSettings = type_text<lm::GenerateOptions>(
    "cached: boolean; prompt: Int32Array; stopTokens: Int32Array; stopTexts: string[]; ");

int field(const val& of, const char* name) { return whole(name, of[name].as<double>()); }

lm::DecoderOptions decoder_options(const val& settings) {
  const auto text = [&](const char* name) { return settings[name].as<std::string>(); };
  return {{field(settings, "window"), field(settings, "sinks"), kvcache::storage_named(text("storage")),
           settings["guest"].as<bool>(), settings["stream"].as<bool>()},
          lm::weight_format_named(text("weights")),
          settings["sequences"].isUndefined() ? 1 : field(settings, "sequences")};
}

gemm::Mode mode_named(const std::string& name) {
  if (name == "exact") return gemm::Mode::kExact;
  if (name == "fast") return gemm::Mode::kFast;
  throw_invalid({"no mode \"", name.substr(0, 20), "\"; there are exact and fast"});
}

LanguageModel* make_model(ModelBytes file) {
  const auto bytes = copy_from<std::uint8_t>(file);
  return new LanguageModel(std::as_bytes(std::span(bytes)));
}

LanguageModel* random_model(lm::LmConfig config, double seed) {
  return new LanguageModel(config, static_cast<std::uint64_t>(whole("seed", seed)));
}

LanguageModel* longer(const LanguageModel& model, double positions) {
  return new LanguageModel(lm::with_positions(*model.lm, whole("positions", positions)));
}

LogitValues model_logits(LanguageModel& model, SequenceIds ids, std::string mode) {
  const auto tokens = copy_from<std::int32_t>(ids);
  const auto rows = static_cast<int>(tokens.size());
  gemm::Context context = runtime().context();
  Tensor logits(Shape{rows, model.config().vocab});
  model.lm->logits(tokens, rows, logits.matrix(), {nullptr, context, mode_named(mode)});
  return LogitValues(copy_to("Float32Array", logits.values()));
}

}  // namespace

Decoding::Decoding(const LanguageModel& of, const val& settings)
    : model(of.lm),
      context(runtime().context()),
      decoder(*model, decoder_options(settings), {nullptr, context, mode_named(settings["mode"].as<std::string>())}) {}

namespace {

class LmDecoder {
 public:
  LmDecoder(const LanguageModel& model, const val& settings)
      : shared_(std::make_shared<Decoding>(model, settings)), decoder_(shared_->decoder) {}

  /// For a generation, which may outlive this handle.
  std::shared_ptr<Decoding> share() const { return shared_; }
  double feed(SequenceIds ids) {
    const auto tokens = copy_from<std::int32_t>(ids);
    const double start = measure::now_seconds();
    decoder_.feed(tokens);
    return measure::now_seconds() - start;
  }
  void feed_sequence(double sequence, SequenceIds ids) {
    decoder_.feed(copy_from<std::int32_t>(ids), whole("sequence", sequence));
  }
  /// A token each for the first sequences.
  double step(SequenceIds ids) {
    const auto tokens = copy_from<std::int32_t>(ids);
    std::vector<lm::NextToken> next;
    for (const std::int32_t id : tokens) next.push_back({static_cast<int>(next.size()), id});
    Tensor logits(Shape{static_cast<int>(next.size()), decoder_.config().vocab});
    const double start = measure::now_seconds();
    decoder_.step(next, logits.matrix());
    return measure::now_seconds() - start;
  }
  LogitValues logits() const { return LogitValues(copy_to("Float32Array", decoder_.logits())); }
  int length() const { return cache().length(); }
  int kept() const { return cache().kept(); }
  bool can_truncate(double length) const { return decoder_.can_truncate(whole("length", length)); }
  /// All sequences that are longer.
  void truncate(double length) {
    const int to = whole("length", length);
    for (int s = 0; s < decoder_.sequences(); ++s) {
      if (s == 0 || decoder_.cache(s).length() > to) decoder_.truncate(to, s);
    }
  }
  int reuse(SequenceIds ids) { return decoder_.reuse(copy_from<std::int32_t>(ids)); }
  bool holds(double position) const { return cache().holds(whole("position", position)); }
  int slot_of(double position) const { return cache().slot_of(whole("position", position)); }
  kvcache::Footprint footprint() const { return cache().footprint(); }
  double bytes_in_use() const { return static_cast<double>(cache().bytes_in_use()); }
  double weight_bytes() const { return static_cast<double>(decoder_.weight_bytes()); }

 private:
  const kvcache::KvCache& cache() const { return decoder_.cache(); }

  std::shared_ptr<Decoding> shared_;
  lm::Decoder& decoder_;
};

LmDecoder* make_decoder(const LanguageModel& model, DecoderSettings settings) { return new LmDecoder(model, settings); }

/// A footprint in JavaScript's numbers.
struct FootprintValue {
  double keys = 0, values = 0, scales = 0, total = 0;
};
FootprintValue footprint_of(const kvcache::Footprint& f) {
  const auto number = [](std::size_t bytes) { return static_cast<double>(bytes); };
  return {number(f.keys), number(f.values), number(f.scales), number(f.total())};
}
FootprintValue decoder_footprint(const LmDecoder& decoder) { return footprint_of(decoder.footprint()); }
/// Of a cache that needn't exist.
FootprintValue model_footprint(const LanguageModel& model, DecoderSettings settings) {
  const lm::LmConfig& c = model.config();
  return footprint_of(
      kvcache::footprint({c.layers, c.kv_heads, c.dim / c.heads, c.positions}, decoder_options(settings).cache));
}

/// A token as it comes.
struct TokenValue {
  int id = 0;
  std::string text;
  double seconds = 0;
};

/// One text that goes on, token by token.
class TextRun {
 public:
  TextRun(const LmDecoder& decoder, const lm::Tokenizer* tokenizer, const val& settings)
      : shared_(decoder.share()),
        cached_(settings["cached"].as<bool>()),
        tokenizer_(tokenizer == nullptr ? std::nullopt : std::optional(*tokenizer)),
        run_(shared_->decoder.most_tokens(), copy_from<std::int32_t>(settings["prompt"]), options_of(settings),
             tokenizer_ ? &*tokenizer_ : nullptr) {}

  bool done() const { return run_.done(); }
  TokenValue step() {
    lm::Decoder& decoder = shared_->decoder;
    double seconds = 0.0;
    const auto next = [&](std::span<const std::int32_t> ids) {
      const double start = measure::now_seconds();
      if (!cached_) decoder.truncate(0);
      const auto reused = cached_ ? static_cast<std::size_t>(decoder.reuse(ids)) : 0;
      const std::span<const float> logits = decoder.feed(ids.subspan(reused));
      seconds = measure::now_seconds() - start;
      return logits;
    };
    const lm::NewToken token = run_.step(next);
    std::string text = stream_.feed(token.text);
    if (run_.done()) text += stream_.finish();
    return {token.id, std::move(text), seconds};
  }
  void cancel() { run_.cancel(); }
  SequenceIds ids() const { return SequenceIds(copy_to("Int32Array", run_.result().ids)); }
  std::string stop() const { return std::string(lm::name_of(run_.result().stop)); }
  int shifts() const { return run_.result().shifts; }

 private:
  static lm::GenerateOptions options_of(const val& settings) {
    lm::GenerateOptions options;
    read_fields(settings, options);
    options.stop_tokens = copy_from<std::int32_t>(settings["stopTokens"]);
    options.stop_texts = emscripten::vecFromJSArray<std::string>(settings["stopTexts"]);
    return options;
  }

  std::shared_ptr<Decoding> shared_;
  bool cached_;
  std::optional<lm::Tokenizer> tokenizer_;
  lm::GenerationRun run_;
  lm::Utf8Stream stream_;
};

TextRun* make_run(const LmDecoder& decoder, const lm::Tokenizer* tokenizer, GenerationSettings settings) {
  return new TextRun(decoder, tokenizer, settings);
}

double parameters(const LanguageModel& model) { return static_cast<double>(model.lm->parameter_count()); }

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_language_model) {
  using namespace emscripten;
  register_type<ModelBytes>("Uint8Array");
  register_type<SequenceIds>("Int32Array");
  register_type<LogitValues>("Float32Array");
  register_type<DecoderSettings>(kDecoderSettings);

  value_object<lm::LmConfig>("LmConfig")
      .field("vocab", &lm::LmConfig::vocab)
      .field("dim", &lm::LmConfig::dim)
      .field("layers", &lm::LmConfig::layers)
      .field("heads", &lm::LmConfig::heads)
      .field("kvHeads", &lm::LmConfig::kv_heads)
      .field("hidden", &lm::LmConfig::hidden)
      .field("positions", &lm::LmConfig::positions)
      .field("tied", &lm::LmConfig::tied);
  // Bytes.
  value_object<FootprintValue>("Footprint")
      .field("keys", &FootprintValue::keys)
      .field("values", &FootprintValue::values)
      .field("scales", &FootprintValue::scales)
      .field("total", &FootprintValue::total);

  class_<LanguageModel>("Lm")
      .constructor(guard<&make_model>, return_value_policy::take_ownership())  // of safetensors or llama2.c's format
      .class_function("random", guard<&random_model>, return_value_policy::take_ownership(), nonnull<ret_val>())
      .class_function("withPositions", guard<&longer>, return_value_policy::take_ownership(),
                      nonnull<ret_val>())  // same weights, longer sequences
      .function("config", &LanguageModel::config)
      .function("tokenizer", &LanguageModel::tokenizer)  // digest of the one it was trained with, or ""
      .function("parameters", &parameters)
      .function("logits", guard<&model_logits>)  // of all positions, without a cache
      .function("footprint", guard<&model_footprint>);
}

EMSCRIPTEN_BINDINGS(optlab_decode) {
  using namespace emscripten;
  register_type<GenerationSettings>(kTypeName<kGenerationSettings>.data());

  class_<LmDecoder>("Decoder")
      .constructor(guard<&make_decoder>, return_value_policy::take_ownership())
      .function("feed", guard<&LmDecoder::feed>)  // returns the seconds that it took
      .function("feedSequence", guard<&LmDecoder::feed_sequence>)
      .function("step", guard<&LmDecoder::step>)  // a token each for the first sequences; the seconds, too
      .function("logits", &LmDecoder::logits)     // after the last token, also of a generation
      .function("length", &LmDecoder::length)
      .function("kept", &LmDecoder::kept)
      .function("canTruncate", guard<&LmDecoder::can_truncate>)
      .function("truncate", guard<&LmDecoder::truncate>)
      .function("reuse", guard<&LmDecoder::reuse>)
      .function("holds", guard<&LmDecoder::holds>)
      .function("slotOf", guard<&LmDecoder::slot_of>)
      .function("footprint", &decoder_footprint)
      .function("bytesInUse", &LmDecoder::bytes_in_use)
      .function("weightBytes", &LmDecoder::weight_bytes);
  value_object<TokenValue>("GeneratedToken")
      .field("id", &TokenValue::id)
      .field("text", &TokenValue::text)
      .field("seconds", &TokenValue::seconds);
  // Moves its decoder on; with `cached: false` all tokens are computed anew for each.
  class_<TextRun>("Generation")
      .constructor(guard<&make_run>, return_value_policy::take_ownership(), allow_raw_pointers())
      .function("done", &TextRun::done)
      .function("step", guard<&TextRun::step>)
      .function("cancel", &TextRun::cancel)
      .function("ids", &TextRun::ids)
      .function("stop", &TextRun::stop)
      .function("shifts", &TextRun::shifts);
}

}  // namespace optlab::bindings
