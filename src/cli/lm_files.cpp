#include "cli/lm_files.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "cli/files.h"
#include "cli/options.h"
#include "core/error.h"
#include "lm/llama2c.h"
#include "lm/lm_checkpoint.h"
#include "lm/lm_trainer.h"

namespace optlab::cli {
namespace {

/// What `read` makes of the file; its errors get the file's name.
template <class Read>
auto parsed(const std::string& path, const Read& read) {
  const auto bytes = read_file(path);
  try {
    return read(std::span<const std::byte>(bytes));
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

}  // namespace

lm::Tokenizer read_tokenizer(const std::string& path) {
  return parsed(path, [](std::span<const std::byte> bytes) { return lm::Tokenizer::parse(bytes); });
}

LmFile read_lm(const std::string& path) {
  return parsed(path, [&](std::span<const std::byte> bytes) {
    if (path.ends_with(".bin")) return LmFile{lm::lm_from_llama2c(bytes), {}};
    return LmFile{lm::lm_from_safetensors(bytes), checkpoint::Safetensors::parse(bytes).metadata()};
  });
}

void check_pair(const LmFile& file, const std::string& path, const lm::Tokenizer& tokenizer,
                const std::string& tokenizer_path) {
  const auto named = file.metadata.find("tokenizer");
  if (named != file.metadata.end() && named->second != tokenizer.digest()) {
    throw DataError(path + ": the model was trained with tokenizer " + named->second + "; " + tokenizer_path + " is " +
                    tokenizer.digest());
  }
  if (file.model.config().vocab != tokenizer.vocab()) {
    throw DataError(path + ": the model has " + std::to_string(file.model.config().vocab) + " tokens, " +
                    tokenizer_path + " " + std::to_string(tokenizer.vocab()));
  }
}

lm::DecoderOptions DecoderSettings::parsed() const {
  kvcache::Policy policy = cache;
  policy.storage = kvcache::storage_named(storage);
  return {policy, lm::weight_format_named(weights)};
}

void add_decoder(CLI::App& command, DecoderSettings& settings) {
  command.add_option("--window", settings.cache.window, "Keep the keys and values of the last N tokens; 0: of all")
      ->check(count_between(0, 8192))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--sinks", settings.cache.sinks, "And of the first N")
      ->check(count_between(0, 8192))
      ->type_name("N")
      ->capture_default_str();
  command.add_flag(
      "--stream", settings.cache.stream,
      "Count positions within what is kept, so that a text has no end; else within the text, up to the model's");
  command.add_option("--cache", settings.storage, "How they are kept: f32, fp16 or int8")
      ->type_name("NAME")
      ->capture_default_str();
  command.add_option("--weights", settings.weights, "How the weights are kept: f32, fp16, int8, int4 or int8-dot")
      ->type_name("NAME")
      ->capture_default_str();
}

std::string read_text(const std::string& path) {
  const auto bytes = read_gzip(path);
  return {bytes.begin(), bytes.end()};
}

std::string read_part(const std::string& folder, const std::string& part) {
  std::filesystem::path from = folder;
  if (folder.empty()) {
    const char* variable = std::getenv("OPTLAB_DATA");
    from = variable != nullptr ? std::filesystem::path(variable) / "moby-dick" : "data/moby-dick";
    if (!std::filesystem::exists(from)) from = "data/moby-dick";
  }
  const auto plain = from / (part + ".txt");
  return read_text(std::filesystem::exists(plain) ? plain : from / (part + ".txt.gz"));
}

namespace {

TextScore score_of(const lm::LmEvaluation& result, std::size_t tokens, std::size_t bytes) {
  return {.bits_per_byte = result.nats / std::log(2.0) / static_cast<double>(bytes),
          .nats_per_token = result.nats / static_cast<double>(result.tokens),
          .tokens = tokens,
          .bytes = bytes};
}

}  // namespace

TextScore score(lm::Lm& model, const lm::Tokenizer& tokenizer, const std::string& text, int context, int stride,
                const nn::Compute& compute) {
  const auto ids = tokenizer.encode(text);
  return score_of(lm::evaluate(model, ids, context, stride, compute), ids.size(), text.size());
}

TextScore score(lm::Decoder& decoder, const lm::Tokenizer& tokenizer, const std::string& text, int context, int stride,
                const nn::Compute& compute) {
  const auto ids = tokenizer.encode(text);
  if (context == kWholeText) context = stride = static_cast<int>(ids.size());
  return score_of(lm::evaluate(decoder, ids, context, stride, compute.context.pool), ids.size(), text.size());
}

}  // namespace optlab::cli
