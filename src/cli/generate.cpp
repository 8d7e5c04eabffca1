#include "lm/generate.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/lm_files.h"
#include "cli/options.h"
#include "core/digest.h"
#include "measure/clock.h"

namespace optlab::cli {
namespace {

struct Options {
  std::string model = "models/moby-lm.safetensors";
  std::string tokenizer;  // empty: the models' own, or none beside a llama2.c checkpoint
  std::string prompt;
  bool has_prompt = false;
  std::vector<std::int32_t> prompt_ids;
  lm::GenerateOptions generate;
  bool greedy = false;
  bool tokens_only = false;
  bool no_cache = false;
  bool json = false;
  bool fast = false;
  DecoderSettings decoder;
  int threads = 1;
};

/// The ids to go on from.
std::vector<std::int32_t> read_prompt(const Options& options, const lm::Tokenizer* tokenizer) {
  if (!options.prompt_ids.empty()) return options.prompt_ids;
  if (tokenizer == nullptr) {
    if (options.has_prompt) {
      throw std::invalid_argument(
          "--prompt needs --tokenizer: a llama2.c checkpoint has none; --prompt-ids needs none");
    }
    return {1};  // as llama2.c begins a text
  }
  auto ids = tokenizer->encode(options.has_prompt ? options.prompt : "Call me");
  if (ids.empty()) throw std::invalid_argument("--prompt is empty; a text to go on from is needed");
  return ids;
}

/// What a run took and what came of it.
struct Result {
  lm::Generation generation;
  std::vector<double> seconds;  // per new token; the first includes the prompt
  std::string digest;           // of all logits
};

/// One generation; `on_token` prints.
Result measure(lm::NextLogits next, int positions, std::span<const std::int32_t> prompt,
               const lm::GenerateOptions& options, const lm::Tokenizer* tokenizer, lm::OnToken on_token) {
  Result result;
  Digest digest;
  const auto timed = [&](std::span<const std::int32_t> ids) {
    const double start = measure::now_seconds();
    const std::span<const float> logits = next(ids);
    result.seconds.push_back(measure::now_seconds() - start);
    digest.add(logits);
    return logits;
  };
  result.generation = lm::generate(timed, positions, prompt, options, tokenizer, on_token);
  result.digest = digest.hex();
  return result;
}

void print_json(const Options& options, std::span<const std::int32_t> prompt, const Result& result,
                const lm::Tokenizer* tokenizer, const lm::Decoder* decoder) {
  double decoding = 0.0;
  for (std::size_t i = 1; i < result.seconds.size(); ++i) decoding += result.seconds[i];
  nlohmann::ordered_json out = {{"model", options.model},
                                {"prompt_ids", std::vector<std::int32_t>(prompt.begin(), prompt.end())},
                                {"ids", result.generation.ids}};
  if (tokenizer != nullptr) {
    lm::Utf8Stream stream;
    out["text"] = stream.feed(result.generation.text) + stream.finish();
  }
  out["stop"] = lm::name_of(result.generation.stop);
  out["context_shifts"] = result.generation.shifts;
  out["logits_digest"] = result.digest;
  if (decoder == nullptr) {
    out["cache"] = nullptr;
  } else {
    const kvcache::Policy& policy = decoder->cache().policy();
    const kvcache::Footprint bytes = decoder->cache().footprint();
    out["cache"] = {{"window", policy.window}, {"sinks", policy.sinks},
                    {"stream", policy.stream}, {"storage", kvcache::name_of(policy.storage)},
                    {"bytes", bytes.total()},  {"bytes_in_use", decoder->cache().bytes_in_use()}};
    out["weights"] = {{"format", options.decoder.weights}, {"bytes", decoder->weight_bytes()}};
  }
  out["seconds"] = result.seconds;
  out["tokens_per_second"] =
      decoding > 0.0 ? nlohmann::ordered_json(static_cast<double>(result.seconds.size() - 1) / decoding) : nullptr;
  std::printf("%s\n", out.dump(2).c_str());
}

void print_ids(std::span<const std::int32_t> ids) {
  for (std::size_t i = 0; i < ids.size(); ++i) std::printf("%s%d", i == 0 ? "" : " ", ids[i]);
  std::printf("\n");
}

void run(Options options) {
  if (options.no_cache && !options.decoder.is_default()) {
    throw std::invalid_argument(
        "--no-cache computes with float32 and keeps nothing; --window, --sinks, --stream, --cache and "
        "--weights don't go with it");
  }
  LmFile file = read_lm(options.model);
  std::optional<lm::Tokenizer> tokenizer;
  if (!options.tokenizer.empty() || !options.model.ends_with(".bin")) {
    const std::string path = options.tokenizer.empty() ? kTokenizerFile : options.tokenizer;
    tokenizer.emplace(read_tokenizer(path));
    check_pair(file, options.model, *tokenizer, path);
  }
  const lm::Tokenizer* text = tokenizer ? &*tokenizer : nullptr;
  const std::vector<std::int32_t> prompt = read_prompt(options, text);
  if (options.greedy) options.generate.sampling.temperature = 0.0F;
  parallel::ThreadPool pool(options.threads);
  Arena scratch;
  gemm::Context context{pool, scratch};
  const nn::Compute compute{nullptr, context, options.fast ? gemm::Mode::kFast : gemm::Mode::kExact};
  const int positions = file.model.config().positions;
  std::optional<lm::Decoder> decoder;
  if (!options.no_cache) decoder.emplace(file.model, options.decoder.parsed(), compute);
  const bool streams = text != nullptr && !options.json && !options.tokens_only;
  lm::Utf8Stream stream;
  const auto on_token = [&](const lm::NewToken& token) {
    if (!streams) return true;
    if (token.index == 0) std::fputs(text->decode(prompt).c_str(), stdout);
    std::fputs(stream.feed(token.text).c_str(), stdout);
    std::fflush(stdout);
    return true;
  };
  Tensor all(options.no_cache ? Shape{positions, file.model.config().vocab} : Shape{0});
  const auto next = [&](std::span<const std::int32_t> ids) {
    if (decoder) return decoder->feed(ids.subspan(static_cast<std::size_t>(decoder->reuse(ids))));
    const auto rows = static_cast<int>(ids.size());
    const MatrixView logits = all.matrix().block(0, 0, rows, all.shape()[1]);
    file.model.logits(ids, rows, logits, compute);
    return std::span<const float>(logits.row(rows - 1), static_cast<std::size_t>(logits.columns));
  };
  const Result result =
      measure(next, decoder ? decoder->most_tokens() : positions, prompt, options.generate, text, on_token);
  if (options.json) return print_json(options, prompt, result, text, decoder ? &*decoder : nullptr);
  if (!streams) return print_ids(result.generation.ids);
  if (result.generation.ids.empty()) std::fputs(text->decode(prompt).c_str(), stdout);
  std::printf("%s\n", stream.finish().c_str());
}

void add_generate(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->generate.shift = true;
  CLI::App* generate = app.add_subcommand("generate", "Go on with a text as the language model would");
  generate->add_option("--checkpoint,--model", options->model, "safetensors, or llama2.c's format (*.bin)")
      ->type_name("FILE")
      ->capture_default_str();
  generate->add_option("--tokenizer", options->tokenizer, "Its tokenizer; default: " + std::string(kTokenizerFile))
      ->type_name("FILE");
  CLI::Option* prompt =
      generate->add_option("--prompt", options->prompt, "Text to go on from; default: Call me")->type_name("TEXT");
  generate->add_option("--prompt-ids", options->prompt_ids, "The same as token numbers; needs no tokenizer")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("1,2,…")
      ->excludes(prompt);
  add_fields(*generate, options->generate, [&](std::string_view name) {
    if (name == "temperature") generate->add_flag("--greedy", options->greedy, "Always the likeliest token");
  });
  generate->add_option("--stop", options->generate.stop_texts, "End before this text; may be given several times")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  generate->add_flag("--tokens-only", options->tokens_only, "Print the new tokens' numbers, in one line");
  generate->add_flag("--no-cache", options->no_cache, "Compute all keys and values again for each token");
  add_decoder(*generate, options->decoder);
  generate->add_flag("--fast", options->fast, "Fused arithmetic: faster, the last bits depend on the machine");
  add_threads(*generate, options->threads);
  generate->add_flag("--json", options->json, "Print JSON: tokens, text, seconds of each, bytes");
  generate->footer(
      "Examples:\n  optlab generate --prompt 'The whale' --count 50 --greedy\n"
      "  optlab generate --checkpoint stories15M.bin --prompt-ids 1 --greedy --tokens-only\n"
      "  optlab generate --window 64 --sinks 4 --cache int8 --weights int8 --json\n"
      "  optlab generate --window 252 --sinks 4 --stream --count 10000");
  generate->callback([options, prompt] {
    options->has_prompt = prompt->count() > 0;
    run(*options);
  });
}

const Command kCommand(6, add_generate);

}  // namespace
}  // namespace optlab::cli
