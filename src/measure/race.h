#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "measure/sampler.h"

namespace optlab::measure {

/// Where a contender stands.
struct Lane {
  std::string name;
  double flops;
  double bytes;
  bool settled;
  int discarded;
  std::optional<Statistics> statistics;  // of seconds per call; none before the first measured batch
};

/// Measures contenders against each other, fairly: each is warmed up, then all run batches in turns of alternating
/// direction (A B C, C B A, …), so that a drift of the machine (heat, clock, other programs) hits all alike. It ends
/// when every lane is settled or the time is spent; each lane has at least one sample then, even if that takes longer.
///
/// The caller drives it batch by batch and may stop, show progress or let an event loop run in between; only time
/// inside step() counts.
class Race {
 public:
  /// Throws std::invalid_argument if there are no contenders, one has nothing to run, or an option makes no sense.
  explicit Race(std::vector<Contender> contenders, SamplingOptions options = {});

  /// Runs one batch. False when the race is over (and then does nothing). What a contender throws comes through.
  bool step();
  bool finished() const { return finished_; }
  /// 0 to 1, never falling; 1 exactly at the end.
  double progress() const { return progress_; }

  int size() const { return static_cast<int>(entries_.size()); }
  std::vector<Lane> lanes() const;
  /// Throws std::out_of_range, as do the others that take a lane.
  Lane lane(int index) const;
  /// Seconds per call, one a batch, in the order measured. Valid until the next step().
  std::span<const double> samples(int lane) const;
  /// The repetitions that don't count, each with its reason. Valid until the next step().
  std::span<const Discarded> discarded(int lane) const;

 private:
  struct Entry {
    Sampler sampler;
    std::optional<Statistics> statistics;
    bool settled = false;
  };

  const Entry& entry(int lane) const;
  void measure_next();
  void update_progress();

  SamplingOptions options_;
  std::vector<Entry> entries_;
  int warming_ = 0;   // the lane that warms up; size() when all are warm
  int position_ = 0;  // within the round
  int round_ = 0;
  double spent_ = 0.0;
  double progress_ = 0.0;
  bool finished_ = false;
};

}  // namespace optlab::measure
