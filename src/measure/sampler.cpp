#include "measure/sampler.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace optlab::measure {
namespace {

constexpr double kTicksPerBatch = 1000.0;  // reading the clock twice then errs by 0.2 % at most
constexpr int kTrend = 3;                  // batches that have to agree …
constexpr double kTrendSpread = 0.05;      // … within this
constexpr int kGrowth = 8;  // a first batch may be far from typical, so the number of calls grows in steps
constexpr int kMostCalls = 1 << 28;

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(std::string("SamplingOptions: ") + what);
}

}  // namespace

void validate(const SamplingOptions& options) {
  require(std::isfinite(options.max_seconds) && options.max_seconds > 0.0, "max_seconds must be positive and finite");
  require(options.target > 0.0, "target must be positive");
  require(options.least_batches >= 1, "least_batches must be at least 1");
  require(options.batch_seconds >= 0.0, "batch_seconds must not be negative");
  require(options.warm_up_seconds >= 0.0, "warm_up_seconds must not be negative");
  require(options.tick >= 0.0, "tick must not be negative");
  require(static_cast<bool>(options.clock), "clock must not be empty");
}

bool is_settled(const Statistics& statistics, const SamplingOptions& options) {
  return statistics.count >= options.least_batches && statistics.low >= statistics.median * (1.0 - options.target) &&
         statistics.high <= statistics.median * (1.0 + options.target);
}

double warm_up_limit(const SamplingOptions& options, int contenders) {
  return std::min(1.0, 0.4 * options.max_seconds / contenders);
}

Sampler::Sampler(Contender contender, const SamplingOptions& options, double warm_up_limit)
    : contender_(std::move(contender)),
      clock_(options.clock),
      batch_seconds_(
          std::max(options.batch_seconds, kTicksPerBatch * (options.tick > 0.0 ? options.tick : clock_tick()))),
      warm_up_seconds_(options.warm_up_seconds),
      warm_up_limit_(warm_up_limit) {
  if (!contender_.run) throw std::invalid_argument("Sampler: contender '" + contender_.name + "' has nothing to run");
}

void Sampler::warm_up() {
  const double seconds = time_batch();
  discarded_.push_back({seconds / calls_, calls_, "warm-up"});
  warmed_ += seconds;
  // A first call of the slow kind may be all that there is time for.
  warm_ = warmed_ >= warm_up_limit_ || (warmed_ >= warm_up_seconds_ && trend_is_flat());
  calibrate(seconds);
}

double Sampler::measure() {
  const double seconds = time_batch();
  const double sample = seconds / calls_;
  samples_.push_back(sample);
  // Only when far too short (code that became fast late): batches of one length are easier to compare.
  if (seconds < 0.5 * batch_seconds_) calibrate(seconds);
  return sample;
}

double Sampler::time_batch() {
  const double start = clock_();
  for (int call = 0; call < calls_; ++call) contender_.run();
  return clock_() - start;
}

void Sampler::calibrate(double seconds) {
  const double wanted = seconds > 0.0 ? std::ceil(calls_ * (batch_seconds_ / seconds)) : kMostCalls;
  const double most = std::min<double>(kMostCalls, static_cast<double>(calls_) * kGrowth);
  calls_ = static_cast<int>(std::clamp(wanted, 1.0, most));
}

bool Sampler::trend_is_flat() const {
  if (discarded_.size() < kTrend) return false;
  double shortest = discarded_.back().seconds;
  double longest = shortest;
  for (auto batch = discarded_.end() - kTrend; batch != discarded_.end(); ++batch) {
    if (batch->seconds * batch->calls < 0.5 * batch_seconds_) return false;  // still finding the number of calls
    shortest = std::min(shortest, batch->seconds);
    longest = std::max(longest, batch->seconds);
  }
  return longest <= shortest * (1.0 + kTrendSpread);
}

}  // namespace optlab::measure
