#include "train/schedule.h"

#include <algorithm>
#include <stdexcept>

#include "core/math.h"

namespace optlab::train {

Schedule::Schedule(const Options& options) : options_(options) {
  if (options.rate > 0.0F && options.floor >= 0.0F && options.floor <= 1.0F && options.steps >= 1 &&
      options.warm_up >= 0 && options.warm_up <= options.steps) {
    return;
  }
  throw std::invalid_argument("Schedule: want rate > 0, 0 <= floor <= 1, steps >= 1 and 0 <= warm_up <= steps");
}

float Schedule::operator()(std::int64_t step) const {
  constexpr float kPi = 3.14159265F;
  const Options& o = options_;
  if (step < o.warm_up) return o.rate * (static_cast<float>(step + 1) / static_cast<float>(o.warm_up));
  if (o.kind == Kind::kConstant || o.steps == o.warm_up) return o.rate;
  const std::int64_t done = std::min(step, o.steps) - o.warm_up;
  const float fraction = static_cast<float>(done) / static_cast<float>(o.steps - o.warm_up);
  const float falling = 0.5F * (1.0F + math::cos(kPi * fraction));
  return o.rate * (o.floor + (1.0F - o.floor) * falling);
}

}  // namespace optlab::train
