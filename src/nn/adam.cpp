#include "nn/adam.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/math.h"

namespace optlab::nn {
namespace {

/// One step's scalars.
struct Step {
  float beta1, beta2, epsilon;
  float correction1, correction2;  // 1 - β^t
  float rate, decay;               // α and α·λ
};

void update(const Step& s, std::span<const float> g, std::span<float> m, std::span<float> v, std::span<float> p,
            parallel::Range range) {
  for (int i = range.begin; i < range.end; ++i) {
    m[i] = s.beta1 * m[i] + (1.0F - s.beta1) * g[i];
    v[i] = s.beta2 * v[i] + (1.0F - s.beta2) * (g[i] * g[i]);
    const float direction = (m[i] / s.correction1) / (math::sqrt(v[i] / s.correction2) + s.epsilon);
    p[i] -= s.rate * direction + s.decay * p[i];
  }
}

}  // namespace

Adam::Adam(std::vector<std::span<float>> parameters, AdamOptions options)
    : parameters_(std::move(parameters)), options_(options) {
  const auto in_unit = [](float beta) { return beta >= 0.0F && beta < 1.0F; };
  if (!in_unit(options.beta1) || !in_unit(options.beta2) || !(options.epsilon > 0.0F) ||
      !(options.weight_decay >= 0.0F)) {
    throw std::invalid_argument("Adam: betas must be in [0, 1), epsilon > 0 and weight_decay >= 0");
  }
  for (std::span<float> values : parameters_) {
    first_moments_.emplace_back(values.size());
    second_moments_.emplace_back(values.size());
  }
}

void Adam::resume_after(std::int64_t steps) {
  beta1_power_ = beta2_power_ = 1.0;
  for (std::int64_t i = 0; i < steps; ++i) {  // as they came about
    beta1_power_ *= static_cast<double>(options_.beta1);
    beta2_power_ *= static_cast<double>(options_.beta2);
  }
}

void Adam::step(std::span<const std::span<const float>> gradients, float learning_rate, parallel::ThreadPool& pool) {
  if (gradients.size() != parameters_.size()) {
    throw_invalid({"Adam: ", gradients.size(), " gradients for ", parameters_.size(), " parameters"});
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (gradients[i].size() == parameters_[i].size()) continue;
    throw_invalid(
        {"Adam: gradient ", i, " has ", gradients[i].size(), " elements, its parameter ", parameters_[i].size()});
  }
  beta1_power_ *= static_cast<double>(options_.beta1);
  beta2_power_ *= static_cast<double>(options_.beta2);
  const Step scalars{.beta1 = options_.beta1,
                     .beta2 = options_.beta2,
                     .epsilon = options_.epsilon,
                     .correction1 = static_cast<float>(1.0 - beta1_power_),
                     .correction2 = static_cast<float>(1.0 - beta2_power_),
                     .rate = learning_rate,
                     .decay = learning_rate * options_.weight_decay};
  pool.run(pool.threads(), [&](int worker) {
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const auto range = parallel::partition(static_cast<int>(parameters_[i].size()), pool.threads(), worker, 16);
      update(scalars, gradients[i], first_moments_[i].span(), second_moments_[i].span(), parameters_[i], range);
    }
  });
}

}  // namespace optlab::nn
