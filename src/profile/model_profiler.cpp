#include "profile/model_profiler.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace optlab::profile {
namespace {

measure::SamplingOptions validated(measure::SamplingOptions options) {
  measure::validate(options);
  return options;
}

}  // namespace

ModelProfiler::ModelProfiler(std::function<void(Observer*)> run, const measure::SamplingOptions& options)
    : run_(std::move(run)),
      options_(validated(options)),
      profile_(options_.clock),
      sampler_({"model", [this] { run_once(); }}, options_, measure::warm_up_limit(options_, 1)) {
  if (!run_) throw std::invalid_argument("ModelProfiler: there is nothing to run");
}

void ModelProfiler::run_once() {
  profile_.begin_run();
  run_(&profile_);
  profile_.end_run();
}

void ModelProfiler::record_memory() {
  MemoryProfiler memory;
  profile_.watch_memory(&memory);
  try {
    run_once();
  } catch (...) {
    profile_.watch_memory(nullptr);
    throw;
  }
  profile_.watch_memory(nullptr);
  profile_.discard();
  memory_timeline_ = memory.timeline();
  memory_recorded_ = true;
}

bool ModelProfiler::step() {
  if (finished_) return false;
  const double start = options_.clock();
  if (!memory_recorded_) {
    record_memory();
  } else if (!sampler_.warm()) {
    sampler_.warm_up();
    profile_.discard();
  } else {
    sampler_.measure();
    profile_.end_sample();
  }
  spent_ += options_.clock() - start;
  const std::size_t samples = sampler_.samples().size();
  const bool settled = samples > 0 && measure::is_settled(measure::summarize(sampler_.samples()), options_);
  finished_ = samples > 0 && (settled || spent_ >= options_.max_seconds);
  const double settling = 0.2 * sampler_.warm() + 0.4 * static_cast<double>(samples) / options_.least_batches;
  const double now = std::min(0.99, std::max(spent_ / options_.max_seconds, std::min(0.9, settling)));
  progress_ = finished_ ? 1.0 : std::max(progress_, now);
  return !finished_;
}

}  // namespace optlab::profile
