#include "lm/generate.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/math.h"
#include "core/rng.h"
#include "nn/linear.h"

namespace optlab::lm {
namespace {

/// False for a NaN.
bool within(float value, float least, float most) { return value >= least && value <= most; }

void check(const Sampling& s) {
  if (!within(s.temperature, 0.0F, 100.0F)) {
    throw_invalid({"generate: a temperature of ", s.temperature, "; want 0 to 100"});
  }
  if (s.top_k < 0) throw_invalid({"generate: a top_k of ", s.top_k, "; want >= 0"});
  if (!within(s.top_p, 0.0F, 1.0F) || s.top_p == 0.0F)
    throw_invalid({"generate: a top_p of ", s.top_p, "; want above 0, to 1"});
  if (!within(s.repetition_penalty, 1.0F, 100.0F) || s.repetition_window < 0) {
    throw_invalid({"generate: a repetition penalty of ", s.repetition_penalty, " over ", s.repetition_window,
                   " tokens; want 1 to 100, and >= 0 tokens"});
  }
}

void check(int positions, std::span<const std::int32_t> prompt, const GenerateOptions& options,
           const Tokenizer* tokenizer) {
  if (prompt.empty() || prompt.size() > static_cast<std::size_t>(positions)) {
    throw_invalid({"generate: a prompt of ", prompt.size(), " tokens; want 1 to ", positions});
  }
  if (options.count < 0) throw_invalid({"generate: a count of ", options.count, "; want >= 0"});
  for (const std::string& text : options.stop_texts) {
    if (text.empty()) throw_invalid({"generate: a stop text is empty"});
    if (tokenizer == nullptr) throw_invalid({"generate: stop texts need a tokenizer"});
  }
}

}  // namespace

Sampler::Sampler(const Sampling& settings) : settings_(settings) { check(settings); }

void Sampler::penalize(std::span<const std::int32_t> seen) {
  const float penalty = settings_.repetition_penalty;
  if (penalty == 1.0F) return;
  const auto window = static_cast<std::size_t>(settings_.repetition_window);
  if (window > 0 && window < seen.size()) seen = seen.last(window);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i] < 0 || static_cast<std::size_t>(seen[i]) >= logits_.size()) continue;
    if (std::find(seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>(i), seen[i]) !=
        seen.begin() + static_cast<std::ptrdiff_t>(i))
      continue;  // once each
    float& logit = logits_[static_cast<std::size_t>(seen[i])];
    logit = logit > 0.0F ? logit / penalty : logit * penalty;
  }
}

std::int32_t Sampler::draw(std::span<const Candidate> from, float total, float uniform) const {
  float left = uniform * total;
  for (const Candidate& each : from) {
    left -= each.logit;
    if (left < 0.0F) return each.token;
  }
  return from.back().token;  // sums round
}

std::int32_t Sampler::choose(std::span<const float> logits, std::span<const std::int32_t> seen, std::uint64_t step) {
  if (logits.empty()) throw_invalid({"generate: there are no logits"});
  logits_.assign(logits.begin(), logits.end());
  penalize(seen);
  const std::int32_t likeliest = argmax(logits_);
  const float largest = logits_[static_cast<std::size_t>(likeliest)];
  // Not a number, or infinite: no probabilities can be told.
  if (settings_.temperature == 0.0F || !(largest - largest == 0.0F)) return likeliest;
  candidates_.clear();
  for (std::size_t i = 0; i < logits_.size(); ++i) {
    if (logits_[i] == logits_[i]) candidates_.push_back({logits_[i], static_cast<std::int32_t>(i)});
  }
  const auto weight = [&](float logit) { return math::exp((logit - largest) / settings_.temperature); };
  std::size_t kept = candidates_.size();
  const bool ordered =
      settings_.top_p < 1.0F || (settings_.top_k > 0 && static_cast<std::size_t>(settings_.top_k) < kept);
  float total = 0.0F;
  if (!ordered) {
    for (Candidate& each : candidates_) total += each.logit = weight(each.logit);
    return draw(candidates_, total, Rng(settings_.seed).uniform(step));
  }
  // A heap gives the largest first, and only as many as are asked for.
  const auto after = [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit < b.logit : a.token > b.token;
  };
  if (settings_.top_k > 0) kept = std::min(kept, static_cast<std::size_t>(settings_.top_k));
  std::make_heap(candidates_.begin(), candidates_.end(), after);
  const auto pop = [&](std::size_t count) {
    std::pop_heap(candidates_.begin(), candidates_.end() - static_cast<std::ptrdiff_t>(count), after);
  };
  std::size_t popped = 0;  // largest first, from the end backwards
  // top_p is a share of what top_k leaves: all of that must be there first, or all there is.
  float whole = 0.0F;
  if (kept < candidates_.size()) {
    for (; popped < kept; ++popped) {
      pop(popped);
      whole += weight((candidates_.end() - static_cast<std::ptrdiff_t>(popped) - 1)->logit);
    }
  } else {
    // In the order of tokens: the heap's isn't defined.
    for (const float logit : logits_) {
      if (logit == logit) whole += weight(logit);
    }
  }
  std::vector<Candidate>& all = candidates_;
  std::size_t taken = 0;
  while (taken < kept && (taken == 0 || total < settings_.top_p * whole || settings_.top_p == 1.0F)) {
    if (taken == popped) pop(popped++);
    Candidate& next = all[all.size() - 1 - taken++];
    total += next.logit = weight(next.logit);
  }
  std::reverse(all.begin(), all.end());
  return draw(std::span<const Candidate>(all).first(taken), total, Rng(settings_.seed).uniform(step));
}

std::string_view name_of(Stop stop) {
  constexpr std::array<std::string_view, 5> kNames = {"count", "token", "text", "context", "cancelled"};
  return kNames[static_cast<std::size_t>(stop)];
}

bool GenerationRun::StopText::feed(std::string_view bytes, std::span<const std::string> stops) {
  text_ += bytes;
  std::size_t end = std::string::npos;
  for (const std::string& stop : stops) end = std::min(end, text_.find(stop, out_));  // what is out belongs to none
  if (end != std::string::npos) {
    certain_ = end;
    text_.resize(certain_);
    return true;
  }
  certain_ = text_.size() - pending(stops);
  return false;
}

std::string_view GenerationRun::StopText::take() {
  const std::string_view fresh = std::string_view(text_).substr(out_, certain_ - out_);
  out_ = certain_;
  return fresh;
}

/// The longest end of the text that is the beginning of a stop text.
std::size_t GenerationRun::StopText::pending(std::span<const std::string> stops) const {
  std::size_t most = 0;
  const std::string_view rest = std::string_view(text_).substr(out_);
  for (const std::string& stop : stops) {
    for (std::size_t size = std::min(stop.size() - 1, rest.size()); size > most; --size) {
      if (rest.ends_with(std::string_view(stop).substr(0, size))) most = size;
    }
  }
  return most;
}

GenerationRun::GenerationRun(int positions, std::span<const std::int32_t> prompt, const GenerateOptions& options,
                             const Tokenizer* tokenizer)
    : positions_(positions),
      options_((check(positions, prompt, options, tokenizer), options)),
      tokenizer_(tokenizer),
      sampler_(options.sampling),
      ids_(prompt.begin(), prompt.end()),
      done_(options.count == 0) {}

NewToken GenerationRun::step(NextLogits next) {
  if (done_) throw_invalid({"generate: the generation is over"});
  if (ids_.size() - first_ > static_cast<std::size_t>(positions_)) {
    first_ = ids_.size() - static_cast<std::size_t>(std::max(positions_ / 2, 1));
    ++result_.shifts;
  }
  const auto index = static_cast<int>(result_.ids.size());
  const std::span<const float> logits = next(std::span<const std::int32_t>(ids_).subspan(first_));
  const std::int32_t id = sampler_.choose(logits, ids_, static_cast<std::uint64_t>(index));
  ids_.push_back(id);
  result_.ids.push_back(id);
  const bool ends =
      std::find(options_.stop_tokens.begin(), options_.stop_tokens.end(), id) != options_.stop_tokens.end();
  const bool stops = !ends && tokenizer_ != nullptr && text_.feed(tokenizer_->token(id), options_.stop_texts);
  const bool full = !options_.shift && ids_.size() > static_cast<std::size_t>(positions_);
  const bool counted = index + 1 == options_.count;
  done_ = ends || stops || full || counted;
  if (done_) result_.stop = ends ? Stop::kToken : stops ? Stop::kText : counted ? Stop::kCount : Stop::kContext;
  if (done_ && !stops) text_.finish();
  result_.text = text_.text();
  return {index, id, text_.take()};
}

void GenerationRun::cancel() {
  if (!done_) result_.stop = Stop::kCancelled;
  done_ = true;
}

Generation generate(NextLogits next, int positions, std::span<const std::int32_t> prompt,
                    const GenerateOptions& options, const Tokenizer* tokenizer, OnToken on_token) {
  GenerationRun run(positions, prompt, options, tokenizer);
  while (!run.done()) {
    if (!on_token(run.step(next))) run.cancel();
  }
  return run.result();
}

Generation generate(Decoder& decoder, std::span<const std::int32_t> prompt, const GenerateOptions& options,
                    const Tokenizer* tokenizer, OnToken on_token) {
  const auto next = [&](std::span<const std::int32_t> ids) {
    const auto reused = static_cast<std::size_t>(decoder.reuse(ids));
    return decoder.feed(ids.subspan(reused));
  };
  return generate(next, decoder.most_tokens(), prompt, options, tokenizer, on_token);
}

Generation generate_uncached(Lm& model, std::span<const std::int32_t> prompt, const GenerateOptions& options,
                             const Tokenizer* tokenizer, const nn::Compute& compute, OnToken on_token) {
  const auto vocab = static_cast<std::size_t>(model.config().vocab);
  Tensor logits;
  const auto next = [&](std::span<const std::int32_t> ids) {
    const auto rows = static_cast<int>(ids.size());
    if (logits.shape()[0] < rows) logits = Tensor(Shape{model.config().positions, model.config().vocab});
    const MatrixView all = logits.matrix().block(0, 0, rows, model.config().vocab);
    model.logits(ids, rows, all, compute);
    return std::span<const float>(all.row(rows - 1), vocab);
  };
  return generate(next, model.config().positions, prompt, options, tokenizer, on_token);
}

}  // namespace optlab::lm
