#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/fields.h"
#include "lm/decoder.h"
#include "lm/tokenizer.h"
#include "parallel/thread_pool.h"

namespace optlab::lm {

/// How the next token is chosen. In this order: logits of tokens that were seen are divided by the penalty where positive,
/// else multiplied with it; then divided by the temperature; the top_k largest stay; of these the fewest whose
/// probabilities reach top_p; one of what stays, each with its probability.
struct Sampling {
  float temperature = 0.8F;         // 0: the likeliest token, the lowest one on ties ("greedy")
  int top_k = 0;                    // 0: all
  float top_p = 1.0F;               // 1: all
  float repetition_penalty = 1.0F;  // 1: none
  int repetition_window = 64;       // of the latest tokens that are penalized; 0: all
  std::uint64_t seed = 1;

  template <class Self, class Visit>
  static constexpr void fields(Self& self, Visit&& visit) {
    visit(self.temperature, Field{.name = "temperature",
                                  .most = 100,
                                  .unit = "X",
                                  .help = "Below 1: likelier tokens more often; 0: --greedy"});
    visit(self.top_k,
          Field{.name = "top_k", .most = 1e6, .unit = "K", .help = "Only the K likeliest; 0: all", .open = true});
    visit(self.top_p, Field{.name = "top_p",
                            .least = 1e-6,
                            .most = 1,
                            .unit = "P",
                            .help = "Only the likeliest that have this much probability together"});
    visit(self.repetition_penalty, Field{.name = "repetition_penalty",
                                         .least = 1,
                                         .most = 100,
                                         .unit = "X",
                                         .help = "Above 1: tokens of the last 64 are less likely"});
    visit(self.repetition_window, Field{.name = "repetition_window", .most = 1e6, .open = true});
    visit(self.seed, Field{.name = "seed", .most = 1e12, .help = "Of the random choices", .open = true});
  }
};

/// Chooses tokens.
///
/// Throws:   std::invalid_argument naming the setting that is out of the range that Sampling::fields states.
/// Numerics: a pure function of logits, settings and `step`, with the same bits on every platform: exp is math::exp, sums
///           are float32 over ascending tokens, or over falling logits (ties by token) where top_k or top_p order them;
///           the random number is that of `step` in stream 0 of the seed. A NaN is never chosen while there is a number.
/// Cost:     an exp a token; with top_k or top_p a heap beside.
/// Source:   Fan, Lewis and Dauphin, "Hierarchical Neural Story Generation", 2018 (top-k); Holtzman et al., "The Curious
///           Case of Neural Text Degeneration", 2020 (top-p); Keskar et al., "CTRL", 2019 (penalty).
class Sampler {
 public:
  explicit Sampler(const Sampling& settings);

  /// `seen` are the tokens so far. Throws std::invalid_argument if there are no logits.
  std::int32_t choose(std::span<const float> logits, std::span<const std::int32_t> seen, std::uint64_t step);

 private:
  struct Candidate {
    float logit;
    std::int32_t token;
  };
  void penalize(std::span<const std::int32_t> seen);
  std::int32_t draw(std::span<const Candidate> from, float total, float uniform) const;

  Sampling settings_;
  std::vector<float> logits_;
  std::vector<Candidate> candidates_;
};

enum class Stop { kCount, kToken, kText, kContext, kCancelled };
/// "count", "token", "text", "context", "cancelled"
std::string_view name_of(Stop stop);

struct GenerateOptions {
  int count = 100;  // new tokens, at most
  Sampling sampling = {};
  std::vector<std::int32_t> stop_tokens = {};  // NOLINT(readability-redundant-member-init): GCC warns without it
  /// Generation ends where one of these appears in the new text; needs the tokenizer.
  std::vector<std::string> stop_texts = {};  // NOLINT(readability-redundant-member-init): the same
  /// What to do when the model's positions are full: go on with the latter half of the tokens, which are then the first
  /// ones, or stop.
  bool shift = false;

  template <class Self, class Visit>
  static constexpr void fields(Self& self, Visit&& visit) {
    visit(self.count, Field{.name = "count", .most = 1e6, .help = "Tokens to generate", .open = true});
    Sampling::fields(self.sampling, visit);
    visit(self.shift, Field{.name = "shift"});
  }
};

/// A new token, as it comes.
struct NewToken {
  int index;  // from 0
  std::int32_t id;
  /// The bytes that are certain not to belong to a stop text by now; not necessarily whole characters (see Utf8Stream).
  std::string_view text;
};

struct Generation {
  std::vector<std::int32_t> ids;  // new ones; a stop token is the last of them
  std::string text;               // of them, up to the stop text or stop token; empty without a tokenizer
  Stop stop = Stop::kCount;
  int shifts = 0;
};

/// Logits after all of `ids`.
using NextLogits = parallel::FunctionRef<std::span<const float>(std::span<const std::int32_t> ids)>;
/// Hears of a new token; false ends the generation.
using OnToken = parallel::FunctionRef<bool(const NewToken&)>;

/// A generation that its caller drives, a token at a time: between two steps it may draw, ask for messages or leave.
///
/// Throws:   as generate does, which is a loop over this.
class GenerationRun {
 public:
  /// The tokenizer must outlive this.
  GenerationRun(int positions, std::span<const std::int32_t> prompt, const GenerateOptions& options,
                const Tokenizer* tokenizer);

  /// Whether the last token has come.
  bool done() const { return done_; }
  /// The next token, before `done`; its text is valid until the next step.
  NewToken step(NextLogits next);
  /// Cancels: produces no further tokens.
  void cancel();
  /// What there is so far.
  const Generation& result() const { return result_; }
  /// The prompt's tokens and the new ones.
  std::span<const std::int32_t> tokens() const { return ids_; }

 private:
  /// New text on its way out: what may be the beginning of a stop text is kept back.
  class StopText {
   public:
    /// Takes `bytes` in; true if one of the texts is there now: then all before it is out.
    bool feed(std::string_view bytes, std::span<const std::string> stops);
    /// What became certain since the last call.
    std::string_view take();
    void finish() { certain_ = text_.size(); }
    const std::string& text() const { return text_; }

   private:
    std::size_t pending(std::span<const std::string> stops) const;

    std::string text_;
    std::size_t out_ = 0;      // taken
    std::size_t certain_ = 0;  // may be taken
  };

  int positions_;
  GenerateOptions options_;
  const Tokenizer* tokenizer_;
  Sampler sampler_;
  StopText text_;
  std::vector<std::int32_t> ids_;
  std::size_t first_ = 0;  // of the tokens that the model sees
  Generation result_;
  bool done_;
};

/// Goes on from `prompt` token by token.
///
/// Throws:   std::invalid_argument naming what is wrong: an empty prompt, one longer than `positions`, a negative count,
///           stop texts without a tokenizer or empty, the settings of Sampler; what `next` and `on_token` throw.
/// Numerics: a pure function of what `next` returns, the options and the tokenizer.
Generation generate(NextLogits next, int positions, std::span<const std::int32_t> prompt,
                    const GenerateOptions& options, const Tokenizer* tokenizer, OnToken on_token);

/// The same by a decoder: what it has seen of the prompt already isn't computed again. A stream never shifts nor stops for
/// want of positions.
Generation generate(Decoder& decoder, std::span<const std::int32_t> prompt, const GenerateOptions& options,
                    const Tokenizer* tokenizer, OnToken on_token);

/// The same without a cache: all tokens through the model for each new one.
Generation generate_uncached(Lm& model, std::span<const std::int32_t> prompt, const GenerateOptions& options,
                             const Tokenizer* tokenizer, const nn::Compute& compute, OnToken on_token);

}  // namespace optlab::lm
