#include "bindings/language_model.h"

#include "lm/llama2c.h"
#include "lm/lm_checkpoint.h"

namespace optlab::bindings {
namespace {

/// Safetensors begins with the length of its header, which is JSON; llama2.c's format with seven small integers.
bool is_safetensors(std::span<const std::byte> file) { return file.size() > 8 && file[8] == std::byte{'{'}; }

}  // namespace

LanguageModel::LanguageModel(std::span<const std::byte> file) {
  if (!is_safetensors(file)) {
    lm = std::make_shared<lm::Lm>(lm::lm_from_llama2c(file));
    return;
  }
  lm = std::make_shared<lm::Lm>(lm::lm_from_safetensors(file));
  const checkpoint::SafetensorsMetadata metadata = checkpoint::Safetensors::parse(file).metadata();
  const auto named = metadata.find("tokenizer");
  if (named != metadata.end()) tokenizer_digest = named->second;
}

LanguageModel::LanguageModel(const lm::LmConfig& config, std::uint64_t seed) : lm(std::make_shared<lm::Lm>(config)) {
  lm->initialize(seed);
}

}  // namespace optlab::bindings
