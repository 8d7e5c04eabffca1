#include "lm/tokenizer.h"

#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/lm_files.h"
#include "cli/options.h"

namespace optlab::cli {
namespace {

struct Options {
  std::string text;
  std::string out = "moby.bpe";
  int vocab = 1024;
};

void run(const Options& options) {
  check_writable(options.out);
  const std::string text = options.text.empty() ? read_part("", "train") : read_text(options.text);
  const lm::Tokenizer tokenizer = lm::train_tokenizer(text, options.vocab);
  write_file(options.out, tokenizer.serialize());
  const std::size_t tokens = tokenizer.encode(text).size();
  std::printf("text       %zu bytes, %zu tokens: %.3f bytes a token\n", text.size(), tokens,
              static_cast<double>(text.size()) / static_cast<double>(tokens));
  std::printf("tokenizer  %d tokens, digest %s, written to %s\n", tokenizer.vocab(), tokenizer.digest().c_str(),
              options.out.c_str());
}

void add_tokenizer(CLI::App& app) {
  CLI::App* tokenizer = app.add_subcommand("tokenizer", "Byte-pair encodings for the language model");
  require_choice(*tokenizer);
  auto options = std::make_shared<Options>();
  CLI::App* train = tokenizer->add_subcommand("train", "Find the merges of a text; the same text gives the same file");
  train->add_option("--text", options->text, "Text, gzip-compressed or not; default: Moby-Dick's training chapters")
      ->type_name("FILE");
  train->add_option("--vocab", options->vocab, "Tokens, the 256 bytes among them")
      ->check(count_between(256, 65536))
      ->type_name("N")
      ->capture_default_str();
  train->add_option("--out", options->out, "File to write")->type_name("FILE")->capture_default_str();
  train->footer("Examples:\n  optlab tokenizer train --vocab 2048 --out mine.bpe");
  train->callback([options] { run(*options); });
}

const Command kCommand(5, add_tokenizer);

}  // namespace
}  // namespace optlab::cli
