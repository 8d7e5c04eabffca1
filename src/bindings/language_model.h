#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "lm/lm.h"

namespace optlab::bindings {

/// A language model as several handles share it: who decodes with it keeps it alive.
struct LanguageModel {
  /// From a safetensors file or one in llama2.c's format. Throws DataError.
  explicit LanguageModel(std::span<const std::byte> file);
  /// With random weights. Throws std::invalid_argument.
  LanguageModel(const lm::LmConfig& config, std::uint64_t seed);
  explicit LanguageModel(lm::Lm model) : lm(std::make_shared<lm::Lm>(std::move(model))) {}

  lm::LmConfig config() const { return lm->config(); }
  /// The digest of the tokenizer that it was trained with; empty if the file doesn't say.
  std::string tokenizer() const { return tokenizer_digest; }

  std::shared_ptr<lm::Lm> lm;
  std::string tokenizer_digest = {};
};

}  // namespace optlab::bindings
