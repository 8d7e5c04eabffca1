#include "train/adam.h"

#include <cmath>
#include <stdexcept>
#include <vector>

#include "nn/test_support.h"

namespace optlab::train {
namespace {

TEST(Adam, FirstStepsAreTheEquation) {
  std::vector<float> p = {1.0F, -2.0F, 0.5F};
  const std::vector<float> g = {0.1F, -20.0F, 0.0F};
  Adam adam({p}, {.weight_decay = 0.5F});
  nn::TestCompute threads(nullptr, 2);
  const std::vector<std::span<const float>> gradients = {g};
  double m[3] = {}, v[3] = {}, want[3] = {1.0, -2.0, 0.5};
  for (int t = 1; t <= 3; ++t) {
    adam.step(gradients, 0.01F, threads.pool);
    for (int i = 0; i < 3; ++i) {
      m[i] = 0.9 * m[i] + 0.1 * g[i];
      v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
      const double direction = m[i] / (1 - std::pow(0.9, t)) / (std::sqrt(v[i] / (1 - std::pow(0.999, t))) + 1e-8);
      want[i] -= 0.01 * direction + 0.01 * 0.5 * want[i];
      EXPECT_NEAR(p[i], want[i], 2e-6);
    }
  }
}

TEST(Adam, RefusesWhatDoesNotFit) {
  std::vector<float> p(3), g(2);
  EXPECT_THROW(Adam({p}, {.beta1 = 1.0F}), std::invalid_argument);
  EXPECT_THROW(Adam({p}, {.weight_decay = -1.0F}), std::invalid_argument);
  Adam adam({p});
  nn::TestCompute threads;
  const std::vector<std::span<const float>> wrong = {g}, none;
  EXPECT_MESSAGE(std::invalid_argument, adam.step(wrong, 0.1F, threads.pool), "gradient 0 has 2 elements");
  EXPECT_THROW(adam.step(none, 0.1F, threads.pool), std::invalid_argument);
}

}  // namespace
}  // namespace optlab::train
