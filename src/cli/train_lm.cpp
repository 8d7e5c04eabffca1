#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/lm_files.h"
#include "cli/options.h"
#include "cli/output.h"
#include "lm/lm_checkpoint.h"
#include "lm/lm_trainer.h"
#include "measure/clock.h"

namespace optlab::cli {
namespace {

struct Options {
  lm::LmConfig config;
  lm::LmTrainingOptions training;
  std::string tokenizer = kTokenizerFile;
  std::string data;
  std::string out = "moby-lm.safetensors";
  int eval_every = 100;
  int threads = 1;
  bool exact = false;
  bool full = false;  // float32 in the file
};

/// Nothing in it depends on the machine or the time.
checkpoint::SafetensorsMetadata describe(const Options& options, const lm::Tokenizer& tokenizer, int step,
                                         double bits) {
  const lm::LmTrainingOptions& t = options.training;
  const auto text = [](auto value) { return CLI::detail::to_string(value); };
  return {{"tokenizer", tokenizer.digest()},
          {"dataset", "Moby-Dick"},
          {"optimizer", "AdamW 0.9 0.99"},
          {"schedule", "linear warm-up, half a cosine to " + text(t.floor)},
          {"mode", options.exact ? "exact" : "fast"},
          {"steps", text(t.steps)},
          {"step", text(step)},
          {"batch", text(t.batch)},
          {"context", text(t.context)},
          {"learning_rate", text(t.learning_rate)},
          {"warm_up", text(t.warm_up)},
          {"weight_decay", text(t.optimizer.weight_decay)},
          {"dropout", text(t.dropout)},
          {"clip", text(t.clip)},
          {"seed", text(t.seed)},
          {"validation_bits_per_byte", fixed(bits, 4)}};
}

class Run {
 public:
  explicit Run(const Options& options)
      : options_(options),
        tokenizer_(read_tokenizer(options.tokenizer)),
        validation_(read_part(options.data, "validation")),
        pool_(options.threads),
        context_{pool_, scratch_},
        compute_{nullptr, context_, options.exact ? gemm::Mode::kExact : gemm::Mode::kFast},
        model_(config()) {}

  void run() {
    check_writable(options_.out);
    const std::string text = read_part(options_.data, "train");
    const auto ids = tokenizer_.encode(text);
    model_.initialize(options_.training.seed);
    std::printf("data        %zu bytes, %zu tokens of %d\n", text.size(), ids.size(), tokenizer_.vocab());
    std::printf("model       %zu parameters\n", model_.parameter_count());
    std::fflush(stdout);
    start_ = measure::now_seconds();
    lm::train(model_, ids, options_.training, compute_, [&](const lm::LmProgress& at) { return step(at); });
    progress_.clear();
    std::printf("time        %.1f s, %.0f tokens/s of training, %d thread%s\n", measure::now_seconds() - start_,
                rate(options_.training.steps), pool_.threads(), pool_.threads() == 1 ? "" : "s");
    std::printf("best        step %d: %.4f bits per byte of validation, windows of %d apart\n", best_step_, best_bits_,
                options_.training.context);
    std::printf("digest      %s (of the weights after the last step)\n", model_.parameter_digest().c_str());
    std::printf("checkpoint  %s\n", options_.out.c_str());
  }

 private:
  lm::LmConfig config() const {
    lm::LmConfig config = options_.config;
    config.vocab = tokenizer_.vocab();
    config.positions = options_.training.context;
    return config;
  }

  double rate(int steps) const {
    const double seconds = measure::now_seconds() - start_ - evaluating_;
    return static_cast<double>(steps) * options_.training.batch * options_.training.context / seconds;
  }

  bool step(const lm::LmProgress& at) {
    losses_ += at.loss;
    const std::string done = std::to_string(at.step) + "/" + std::to_string(options_.training.steps);
    if (at.step % options_.eval_every != 0 && at.step != options_.training.steps) {
      progress_.show(static_cast<double>(at.step) / options_.training.steps, "step " + done);
      return true;
    }
    const double begin = measure::now_seconds();
    const int context = options_.training.context;
    const double bits = score(model_, tokenizer_, validation_, context, context, compute_).bits_per_byte;
    const bool best = best_step_ == 0 || bits < best_bits_;
    if (best) {
      best_bits_ = bits;
      best_step_ = at.step;
      write_file(options_.out,
                 lm::to_safetensors(model_, !options_.full, describe(options_, tokenizer_, at.step, bits)));
    }
    evaluating_ += measure::now_seconds() - begin;
    progress_.milestone("step " + done + "  loss " + fixed(losses_ / (at.step - last_), 4) + "  validation " +
                        fixed(bits, 4) + " bits/byte" + (best ? " *" : "  ") + "  norm " + fixed(at.gradient_norm, 2) +
                        "  " + fixed(rate(at.step), 0) + " tokens/s  " + fixed(measure::now_seconds() - start_, 1) +
                        " s");
    losses_ = 0.0;
    last_ = at.step;
    return true;
  }

  const Options& options_;
  lm::Tokenizer tokenizer_;
  std::string validation_;
  parallel::ThreadPool pool_;
  Arena scratch_;
  gemm::Context context_;
  nn::Compute compute_;
  lm::Lm model_;
  Progress progress_;
  double start_ = 0.0;
  double evaluating_ = 0.0;
  double losses_ = 0.0;  // since step last_
  int last_ = 0;
  int best_step_ = 0;
  double best_bits_ = 0.0;
};

void add_model_options(CLI::App& lm, lm::LmConfig& config) {
  const auto size = [&](const char* name, int& value, const char* text) {
    lm.add_option(name, value, text)->check(count_between(1, 65536))->type_name("N")->capture_default_str();
  };
  size("--dim", config.dim, "Width of a token's vector");
  size("--layers", config.layers, "Blocks of attention and feed-forward");
  size("--heads", config.heads, "Query heads");
  size("--kv-heads", config.kv_heads, "Key and value heads; divides --heads");
  size("--hidden", config.hidden, "Width of the feed-forward layers");
}

void add_train_lm(CLI::App& train) {
  auto options = std::make_shared<Options>();
  CLI::App* lm = train.add_subcommand("lm",
                                      "Train a Llama-style language model on Moby-Dick with AdamW.\n"
                                      "The file is written whenever the validation text is predicted better.");
  lm->add_option("--data", options->data, "Folder with train and validation texts; default: data/moby-dick")
      ->type_name("DIR");
  lm->add_option("--tokenizer", options->tokenizer, "See optlab tokenizer")->type_name("FILE")->capture_default_str();
  add_model_options(*lm, options->config);
  add_fields(*lm, options->training);
  lm->add_option("--eval-every", options->eval_every, "Steps between evaluations")
      ->check(count_between(1, 1'000'000))
      ->type_name("N")
      ->capture_default_str();
  add_threads(*lm, options->threads);
  lm->add_flag("--exact", options->exact, "The same bits on any machine and for any number of threads; slower");
  lm->add_flag("--float32", options->full, "Write float32 instead of float16");
  lm->add_option("--out", options->out, "Checkpoint to write (safetensors)")->type_name("FILE")->capture_default_str();
  lm->footer("Examples:\n  optlab train lm --steps 2000\n  optlab train lm --dim 64 --layers 2 --heads 4 --kv-heads 2");
  lm->callback([options] { Run(*options).run(); });
}

const Command kCommand(7, "train", add_train_lm);

}  // namespace
}  // namespace optlab::cli
