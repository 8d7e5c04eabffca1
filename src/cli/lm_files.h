#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "lm/decoder.h"
#include "lm/lm.h"
#include "lm/tokenizer.h"

/// What the commands of the language model share.
namespace optlab::cli {

inline constexpr const char* kTokenizerFile = "models/moby-2048.bpe";

lm::Tokenizer read_tokenizer(const std::string& path);

/// A model from safetensors or from llama2.c's format (a name that ends in .bin), with the metadata it has.
struct LmFile {
  lm::Lm model;
  checkpoint::SafetensorsMetadata metadata;
};
LmFile read_lm(const std::string& path);

/// Throws DataError naming both files unless the model was trained with this tokenizer.
void check_pair(const LmFile& file, const std::string& path, const lm::Tokenizer& tokenizer,
                const std::string& tokenizer_path);

/// A text in UTF-8, gzip-compressed or not.
std::string read_text(const std::string& path);
/// The folder's train, validation or test text. `folder` may be empty: data/moby-dick, or $OPTLAB_DATA/moby-dick.
std::string read_part(const std::string& folder, const std::string& part);

/// --window, --sinks, --stream, --cache and --weights of a command that decodes.
struct DecoderSettings {
  kvcache::Policy cache;
  std::string storage = "f32";
  std::string weights = "f32";

  bool is_default() const { return cache == kvcache::Policy{} && storage == "f32" && weights == "f32"; }
  /// Throws std::invalid_argument listing the names there are.
  lm::DecoderOptions parsed() const;
};
void add_decoder(CLI::App& command, DecoderSettings& settings);

/// How well a model predicts a text.
struct TextScore {
  double bits_per_byte;
  double nats_per_token;
  std::size_t tokens;
  std::size_t bytes;
};
TextScore score(lm::Lm& model, const lm::Tokenizer& tokenizer, const std::string& text, int context, int stride,
                const nn::Compute& compute);
/// By a decoder with these settings. A context of kWholeText, for a stream, is each text in one piece.
inline constexpr int kWholeText = 0;
TextScore score(lm::Decoder& decoder, const lm::Tokenizer& tokenizer, const std::string& text, int context, int stride,
                const nn::Compute& compute);

}  // namespace optlab::cli
