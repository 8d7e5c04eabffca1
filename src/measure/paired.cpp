#include "measure/paired.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace optlab::measure {
namespace {

SamplingOptions validated(SamplingOptions options) {
  validate(options);
  return options;
}

}  // namespace

PairedComparison::PairedComparison(Contender candidate, Contender baseline, SamplingOptions options)
    : options_(validated(std::move(options))),
      candidate_(std::move(candidate), options_, warm_up_limit(options_, 2)),
      baseline_(std::move(baseline), options_, warm_up_limit(options_, 2)) {}

bool PairedComparison::step() {
  if (finished_) return false;
  const double start = options_.clock();
  if (!candidate_.warm()) {
    candidate_.warm_up();
  } else if (!baseline_.warm()) {
    baseline_.warm_up();
  } else {
    const double first = candidate_.measure();
    const double second = baseline_.measure();
    const double third = baseline_.measure();
    const double fourth = candidate_.measure();
    if (second + third <= 0.0) throw std::runtime_error("PairedComparison: the clock stood still during a batch");
    ratios_.push_back((first + fourth) / (second + third));
  }
  spent_ += options_.clock() - start;
  const bool settled = !ratios_.empty() && is_settled(summarize(ratios_), options_);
  finished_ = !ratios_.empty() && (settled || spent_ >= options_.max_seconds);
  const double quadruples = static_cast<double>(ratios_.size()) / options_.least_batches;
  const double now = std::max(spent_ / options_.max_seconds, 0.2 * candidate_.warm() + 0.6 * quadruples);
  progress_ = finished_ ? 1.0 : std::max(progress_, std::min(0.99, now));
  return !finished_;
}

Comparison PairedComparison::result() const {
  if (ratios_.empty()) throw std::logic_error("PairedComparison: no result before the first quadruple");
  const auto copy = [](auto values) { return std::vector(values.begin(), values.end()); };
  const Statistics ratio = summarize(ratios_);
  return {ratio,
          is_settled(ratio, options_),
          ratios_,
          copy(candidate_.samples()),
          copy(baseline_.samples()),
          copy(candidate_.discarded()),
          copy(baseline_.discarded())};
}

Comparison compare(Contender candidate, Contender baseline, SamplingOptions options) {
  PairedComparison comparison(std::move(candidate), std::move(baseline), std::move(options));
  while (comparison.step()) {
  }
  return comparison.result();
}

}  // namespace optlab::measure
