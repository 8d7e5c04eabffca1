#include "measure/timer.h"

#include <stdexcept>
#include <utility>

namespace optlab::measure {

Timer::Timer(std::function<void()> run, SamplingOptions options)
    : race_({{"timed", std::move(run)}}, std::move(options)) {}

Timing Timer::result() const {
  const Lane lane = race_.lane(0);
  if (!lane.statistics) throw std::logic_error("Timer: no result before the first measured batch");
  const auto copy = [](auto values) { return std::vector(values.begin(), values.end()); };
  return {*lane.statistics, lane.settled, copy(race_.samples(0)), copy(race_.discarded(0))};
}

Timing time(std::function<void()> run, SamplingOptions options) {
  Timer timer(std::move(run), std::move(options));
  while (timer.step()) {
  }
  return timer.result();
}

}  // namespace optlab::measure
