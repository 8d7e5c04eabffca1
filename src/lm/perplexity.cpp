#include "lm/perplexity.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "nn/loss.h"
#include "nn/projection.h"

namespace optlab::lm {

Perplexity::Perplexity(Decoder& decoder, std::span<const std::int32_t> text, int context, int stride)
    : decoder_(decoder),
      text_(text.begin(), text.end()),
      context_(static_cast<std::size_t>(context)),
      stride_(static_cast<std::size_t>(stride)),
      nats_(std::log(static_cast<double>(decoder.config().vocab))) {
  const int positions = decoder.most_tokens();
  if (stride < 1 || stride > context || context > positions || text.empty()) {
    throw_invalid({"evaluate: a context of ", context, ", a stride of ", stride, " and ", text.size(),
                   " tokens; want 1 <= stride <= context <= ", positions, " and a token"});
  }
  losses_.reserve(text.size());
  losses_.push_back(static_cast<float>(nats_));
}

bool Perplexity::step(int tokens, parallel::ThreadPool& pool) {
  if (done()) return false;
  if (tokens < 1) throw_invalid({"Perplexity: a step of ", tokens, " tokens; want at least 1"});
  const std::size_t last = text_.size() - 1;
  const std::size_t length = std::min(context_, last - first_);
  if (fed_ == 0) decoder_.truncate(0);
  const std::size_t count = std::min(static_cast<std::size_t>(tokens), length - fed_);
  const std::size_t begin = first_ + fed_;
  const std::span<const std::int32_t> text(text_);
  const auto rows = static_cast<int>(count);
  const MatrixView logits = nn::detail::require_rows(logits_, rows, decoder_.config().vocab);
  decoder_.feed_all(text.subspan(begin, count), logits);
  row_losses_.resize(count);
  nn::token_losses(logits, text.subspan(begin + 1, count), row_losses_, pool);
  fed_ += count;
  for (std::size_t t = 0; t < count; ++t) {
    if (begin + t < predicted_) continue;  // counted in the window before
    losses_.push_back(row_losses_[t]);
    nats_ += static_cast<double>(row_losses_[t]);
    ++predicted_;
  }
  if (fed_ == length && !done()) {
    first_ += stride_;
    fed_ = 0;
  }
  return true;
}

double Perplexity::progress() const {
  const std::size_t last = text_.size() - 1;
  if (done()) return 1.0;
  const std::size_t rest = last > context_ ? last - context_ : 0;
  const std::size_t windows = (rest + stride_ - 1) / stride_;  // after the first
  const std::size_t final_length = std::min(context_, last - windows * stride_);
  const auto all = static_cast<double>(windows * context_ + final_length);
  const std::size_t windows_done = first_ / stride_;
  return static_cast<double>(windows_done * context_ + fed_) / all;
}

}  // namespace optlab::lm
