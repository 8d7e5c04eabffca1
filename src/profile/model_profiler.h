#pragma once

#include <functional>

#include "measure/sampler.h"
#include "profile/model_profile.h"

namespace optlab::profile {

/// Measures a model layer by layer: one run that only records memory (the first, when scratch grows), warm-up until the
/// last batches agree, then samples until the whole run's 95 % interval is as tight as asked for or the time is spent.
/// A sample is a batch of runs as long as any other timing's (see Sampler).
class ModelProfiler {
 public:
  /// `run` runs the model once and hands it the observer. Throws std::invalid_argument if there is none or an option makes
  /// no sense.
  explicit ModelProfiler(std::function<void(Observer*)> run, const measure::SamplingOptions& options = {});
  ModelProfiler(const ModelProfiler&) = delete;
  ModelProfiler& operator=(const ModelProfiler&) = delete;

  /// One batch; false when it is over. What `run` throws comes through; std::logic_error if somebody records memory.
  bool step();
  /// 0 to 1, never falling.
  double progress() const { return progress_; }
  const ModelProfile& profile() const { return profile_; }
  /// The allocations of the first run, in order.
  const std::vector<MemoryEvent>& memory_timeline() const { return memory_timeline_; }

 private:
  void record_memory();
  void run_once();

  std::function<void(Observer*)> run_;
  measure::SamplingOptions options_;
  ModelProfile profile_;
  measure::Sampler sampler_;
  std::vector<MemoryEvent> memory_timeline_;
  bool memory_recorded_ = false;
  double spent_ = 0.0;
  double progress_ = 0.0;
  bool finished_ = false;
};

}  // namespace optlab::profile
