#include "cli/lm_files.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "cli/files.h"
#include "core/error.h"
#include "nn/llama2c.h"
#include "nn/lm_checkpoint.h"
#include "nn/lm_trainer.h"

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

nn::Tokenizer read_tokenizer(const std::string& path) {
  return parsed(path, [](std::span<const std::byte> bytes) { return nn::Tokenizer::parse(bytes); });
}

LmFile read_lm(const std::string& path) {
  return parsed(path, [&](std::span<const std::byte> bytes) {
    if (path.ends_with(".bin")) return LmFile{nn::lm_from_llama2c(bytes), {}};
    return LmFile{nn::lm_from_safetensors(bytes), nn::Safetensors::parse(bytes).metadata()};
  });
}

void check_pair(const LmFile& file, const std::string& path, const nn::Tokenizer& tokenizer,
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

TextScore score(nn::Lm& model, const nn::Tokenizer& tokenizer, const std::string& text, int context, int stride,
                const nn::Compute& compute) {
  const auto ids = tokenizer.encode(text);
  const nn::LmEvaluation result = nn::evaluate(model, ids, context, stride, compute);
  return {.bits_per_byte = result.nats / std::log(2.0) / static_cast<double>(text.size()),
          .nats_per_token = result.nats / static_cast<double>(result.tokens),
          .tokens = ids.size(),
          .bytes = text.size()};
}

}  // namespace optlab::cli
