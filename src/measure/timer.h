#pragma once

#include <functional>

#include "measure/race.h"

namespace optlab::measure {

/// What a timer found out.
struct Timing {
  Statistics statistics;             // of seconds per call: median, MAD, 95 % interval of the median, …
  bool settled;                      // the interval is as tight as asked for
  std::vector<double> samples;       // seconds per call, one a batch, in the order measured
  std::vector<Discarded> discarded;  // warm-up
};

/// Times one thing: a race with a single lane. Warm-up until the last batches agree, then batches of at least 1000 ticks
/// of the clock (reading it errs by 0.2 % at most), until the 95 % interval of the median is within ±target of it or the
/// time is spent. The median and the MAD, not mean and standard deviation, since what disturbs a measurement only slows
/// it, and by any amount.
class Timer {
 public:
  /// Throws std::invalid_argument if there is nothing to run or an option makes no sense.
  explicit Timer(std::function<void()> run, SamplingOptions options = {});

  /// One batch; false when it is over. What `run` throws comes through.
  bool step() { return race_.step(); }
  /// 0 to 1, never falling.
  double progress() const { return race_.progress(); }
  /// Throws std::logic_error before the first measured batch.
  Timing result() const;

 private:
  Race race_;
};

/// The same in one call.
Timing time(std::function<void()> run, SamplingOptions options = {});

}  // namespace optlab::measure
