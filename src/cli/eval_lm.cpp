#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/lm_files.h"
#include "cli/options.h"
#include "measure/clock.h"

namespace optlab::cli {
namespace {

struct Options {
  std::string model = "models/moby-lm.safetensors";
  std::string tokenizer = kTokenizerFile;
  std::string data;
  std::string rung;
  int stride = 0;  // 0: a quarter of the context
  DecoderSettings decoder;
  int threads = 1;
  bool json = false;
};

void run(const Options& options) {
  const gemm::Variant* variant = options.rung.empty() ? nullptr : &gemm::variant(options.rung);
  const lm::Tokenizer tokenizer = read_tokenizer(options.tokenizer);
  LmFile file = read_lm(options.model);
  check_pair(file, options.model, tokenizer, options.tokenizer);
  const std::string texts[] = {read_part(options.data, "validation"), read_part(options.data, "test")};
  parallel::ThreadPool pool(options.threads);
  Arena scratch;
  gemm::Context context{pool, scratch};
  const nn::Compute compute{variant, context};
  // Decoding as it is without settings gives the model's own bits, only slower.
  std::optional<lm::Decoder> decoder;
  if (!options.decoder.is_default()) decoder.emplace(file.model, options.decoder.parsed(), compute);
  const bool stream = options.decoder.cache.stream;
  if (stream && options.stride > 0) {
    throw std::invalid_argument("--stream reads a text in one piece; --stride doesn't go with it");
  }
  const int window = stream ? kWholeText : file.model.config().positions;
  const int stride = options.stride > 0 ? std::min(options.stride, window)
                     : stream           ? kWholeText
                                        : std::max(window / 4, 1);
  nlohmann::ordered_json out = {{"model", options.model},
                                {"parameters", file.model.parameter_count()},
                                {"digest", file.model.parameter_digest()},
                                {"context", window},
                                {"stride", stride}};
  if (stream) out["context"] = out["stride"] = nullptr;
  if (decoder) {
    out["cache"] = {{"window", options.decoder.cache.window},
                    {"sinks", options.decoder.cache.sinks},
                    {"stream", stream},
                    {"storage", options.decoder.storage},
                    {"bytes", decoder->cache().footprint().total()}};
    out["weights"] = {{"format", options.decoder.weights}, {"bytes", decoder->weight_bytes()}};
  }
  if (!options.json) {
    std::printf("model       %s, %zu parameters, digest %s\n", options.model.c_str(), file.model.parameter_count(),
                file.model.parameter_digest().c_str());
    if (!stream) std::printf("windows     of %d tokens, %d apart\n", window, stride);
  }
  for (const std::string& text : texts) {
    const char* part = &text == texts ? "validation" : "test";
    const double start = measure::now_seconds();
    const TextScore at = decoder ? score(*decoder, tokenizer, text, window, stride, compute)
                                 : score(file.model, tokenizer, text, window, stride, compute);
    const double seconds = measure::now_seconds() - start;
    out[part] = {{"bits_per_byte", at.bits_per_byte},
                 {"nats_per_token", at.nats_per_token},
                 {"tokens", at.tokens},
                 {"bytes", at.bytes},
                 {"seconds", seconds}};
    if (options.json) continue;
    std::printf("%-10s  %.4f bits per byte, %.4f nats per token, %zu bytes, %zu tokens, %.1f s\n", part,
                at.bits_per_byte, at.nats_per_token, at.bytes, at.tokens, seconds);
  }
  if (options.json) std::printf("%s\n", out.dump(2).c_str());
}

void add_eval_lm(CLI::App& eval) {
  auto options = std::make_shared<Options>();
  CLI::App* lm = eval.add_subcommand("lm", "A language model on Moby-Dick's validation and test chapters");
  lm->add_option("--model", options->model, "Checkpoint")->type_name("FILE")->capture_default_str();
  lm->add_option("--tokenizer", options->tokenizer, "See optlab tokenizer")->type_name("FILE")->capture_default_str();
  lm->add_option("--data", options->data, "Folder with the texts; default: data/moby-dick")->type_name("DIR");
  lm->add_option("--rung", options->rung, "GEMM rung (optlab info lists them); default: the dispatcher, exact")
      ->type_name("NAME");
  lm->add_option("--stride", options->stride, "Tokens between windows; default: a quarter of the model's positions")
      ->check(count_between(1, 8192))
      ->type_name("N");
  add_decoder(*lm, options->decoder);
  add_threads(*lm, options->threads);
  lm->add_flag("--json", options->json, "Print JSON");
  lm->footer(
      "Examples:\n  optlab eval lm\n  optlab eval lm --model models/moby-lm-tiny.safetensors --json\n"
      "  optlab eval lm --window 64 --sinks 4 --cache int8");
  lm->callback([options] { run(*options); });
}

const Command kCommand(8, "eval", add_eval_lm);

}  // namespace
}  // namespace optlab::cli
