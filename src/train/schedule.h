#pragma once

#include <cstdint>

namespace optlab::train {

/// The learning rate by step: constant at `rate`, or falling from it to `rate`·`floor` along half a cosine over
/// the steps after the warm-up; before, it rises linearly, at step s of `warm_up` being rate·(s+1)/warm_up.
///
/// Units:    steps count from 0; beyond the last the rate stays where it ended.
/// Throws:   std::invalid_argument unless rate > 0, 0 <= floor <= 1, 0 <= warm_up <= steps and steps >= 1.
/// Numerics: float32 by core/math.h: the same bits everywhere.
/// Source:   Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017; Goyal et al.,
///           "Accurate, Large Minibatch SGD", 2017 (the warm-up).
class Schedule {
 public:
  enum class Kind { kConstant, kCosine };
  struct Options {
    Kind kind = Kind::kCosine;
    float rate = 1e-3F;
    std::int64_t steps = 1;
    std::int64_t warm_up = 0;
    float floor = 0.0F;
  };

  explicit Schedule(const Options& options);
  float operator()(std::int64_t step) const;

 private:
  Options options_;
};

}  // namespace optlab::train
