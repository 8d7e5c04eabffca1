#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "measure/clock.h"
#include "measure/statistics.h"

namespace optlab::measure {

/// Something to be timed.
struct Contender {
  std::string name;
  std::function<void()> run;
  double flops = 0.0;  // of one call
  double bytes = 0.0;  // that one call must at least move
};

/// How to measure. The defaults suit a page that a person waits for.
struct SamplingOptions {
  double max_seconds = 5.0;
  double target = 0.02;   // settled: the 95 % interval of the median lies within ±target of it …
  int least_batches = 7;  // … and there are this many batches
  double batch_seconds = 0.02;
  /// Warm-up lasts at least this long and until the last batches agree: WebAssembly starts in a baseline compiler that
  /// is three to four times slower, and the optimized code arrives some 50 to 100 ms later (V8).
  double warm_up_seconds = 0.15;
  std::function<double()> clock = now_seconds;
  double tick = 0.0;  // the clock's smallest step; 0 stands for clock_tick()
};

/// Throws std::invalid_argument naming the option that makes no sense.
void validate(const SamplingOptions& options);

/// True if `statistics` is as tight as `options` asks.
bool is_settled(const Statistics& statistics, const SamplingOptions& options);

/// A repetition that was made but doesn't count, and why.
struct Discarded {
  double seconds;  // per call
  int calls;
  std::string_view reason;
};

/// Times batches of one contender. A batch is as many calls as last batch_seconds and 1000 ticks of the clock, at least
/// one; a sample is a batch's time divided by its calls. Slow samples stay in: an interruption is part of the machine,
/// and medians deal with it.
class Sampler {
 public:
  /// Warm-up ends at the latest after `warm_up_limit` seconds, but for the call then running.
  /// Throws std::invalid_argument if the contender has nothing to run.
  Sampler(Contender contender, const SamplingOptions& options, double warm_up_limit);

  bool warm() const { return warm_; }
  /// One batch that only warms up and finds the number of calls.
  void warm_up();
  /// One batch that counts; returns its sample in seconds per call.
  double measure();

  const Contender& contender() const { return contender_; }
  std::span<const double> samples() const { return samples_; }
  std::span<const Discarded> discarded() const { return discarded_; }

 private:
  double time_batch();
  void calibrate(double seconds);
  bool trend_is_flat() const;

  Contender contender_;
  std::function<double()> clock_;
  double batch_seconds_;
  double warm_up_seconds_;
  double warm_up_limit_;
  double warmed_ = 0.0;
  bool warm_ = false;
  int calls_ = 1;
  std::vector<double> samples_;
  std::vector<Discarded> discarded_;
};

/// The seconds of warm-up that each of `contenders` may use: at most a second, and together at most 40 % of the time
/// there is.
double warm_up_limit(const SamplingOptions& options, int contenders);

}  // namespace optlab::measure
