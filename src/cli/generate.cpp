#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/lm_files.h"
#include "cli/options.h"
#include "core/math.h"
#include "core/rng.h"
#include "nn/linear.h"

namespace optlab::cli {
namespace {

struct Options {
  std::string model = "models/moby-lm.safetensors";
  std::string tokenizer = kTokenizerFile;
  std::string prompt = "Call me";
  int count = 100;
  float temperature = 0.8F;
  bool greedy = false;
  std::uint64_t seed = 1;
  int threads = 1;
};

/// Token i with probability exp(logit i / temperature) / Σ.
int sample(std::vector<float> logits, float temperature, float uniform) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  float sum = 0.0F;
  for (float& value : logits) sum += value = math::exp((value - largest) / temperature);
  float left = uniform * sum;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    left -= logits[i];
    if (left < 0.0F) return static_cast<int>(i);
  }
  return static_cast<int>(logits.size()) - 1;
}

void run(const Options& options) {
  const nn::Tokenizer tokenizer = read_tokenizer(options.tokenizer);
  LmFile file = read_lm(options.model);
  check_pair(file, options.model, tokenizer, options.tokenizer);
  parallel::ThreadPool pool(options.threads);
  Arena scratch;
  gemm::Context context{pool, scratch};
  std::vector<std::int32_t> ids = tokenizer.encode(options.prompt);
  if (ids.empty()) throw std::invalid_argument("--prompt is empty; a text to go on from is needed");
  const auto positions = static_cast<std::size_t>(file.model.config().positions);
  const Rng rng(options.seed);
  nn::Utf8Stream stream;
  std::fputs(options.prompt.c_str(), stdout);
  for (int i = 0; i < options.count; ++i) {
    // All of the last tokens again for each new one: the simplest that works, until there is a cache of keys and values.
    const auto seen = std::span<const std::int32_t>(ids).last(std::min(ids.size(), positions));
    const int rows = static_cast<int>(seen.size());
    Tensor logits(Shape{rows, tokenizer.vocab()});
    file.model.logits(seen, rows, logits.matrix(), {nullptr, context});
    const std::span<const float> last(logits.matrix().row(rows - 1), static_cast<std::size_t>(tokenizer.vocab()));
    const int next = options.greedy ? nn::argmax(last)
                                    : sample({last.begin(), last.end()}, options.temperature,
                                             rng.uniform(static_cast<std::uint64_t>(i)));
    ids.push_back(next);
    std::fputs(stream.feed(tokenizer.token(next)).c_str(), stdout);
    std::fflush(stdout);
  }
  std::printf("%s\n", stream.finish().c_str());
}

}  // namespace

void add_generate(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* generate = app.add_subcommand("generate", "Go on with a text as the language model would");
  generate->add_option("--model", options->model, "Checkpoint")->type_name("FILE")->capture_default_str();
  generate->add_option("--tokenizer", options->tokenizer, "Its tokenizer")->type_name("FILE")->capture_default_str();
  generate->add_option("--prompt", options->prompt, "Text to go on from")->type_name("TEXT")->capture_default_str();
  generate->add_option("--count", options->count, "Tokens to generate")
      ->check(count_between(0, 1'000'000))
      ->type_name("N")
      ->capture_default_str();
  generate->add_option("--temperature", options->temperature, "Below 1: likelier tokens more often")
      ->check(number_between(0.01, 100))
      ->type_name("X")
      ->capture_default_str();
  generate->add_flag("--greedy", options->greedy, "Always the likeliest token");
  generate->add_option("--seed", options->seed, "Of the random choices")
      ->check(count_between(0, 1'000'000'000'000))
      ->type_name("N")
      ->capture_default_str();
  add_threads(*generate, options->threads);
  generate->footer("Examples:\n  optlab generate --prompt 'The whale' --count 50 --greedy");
  generate->callback([options] { run(*options); });
}

}  // namespace optlab::cli
