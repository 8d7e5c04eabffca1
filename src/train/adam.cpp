#include "train/adam.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "core/error.h"
#include "train/optimizer_kernels.h"

namespace optlab::train {

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
  const detail::AdamStep scalars{.beta1 = options_.beta1,
                                 .beta2 = options_.beta2,
                                 .epsilon = options_.epsilon,
                                 .correction1 = static_cast<float>(1.0 - beta1_power_),
                                 .correction2 = static_cast<float>(1.0 - beta2_power_),
                                 .rate = learning_rate,
                                 .decay = learning_rate * options_.weight_decay};
  const detail::OptimizerKernels& kernels = detail::optimizer_kernels();
  pool.run(pool.threads(), [&](int worker) {
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const auto range = parallel::partition(static_cast<int>(parameters_[i].size()), pool.threads(), worker, 16);
      if (range.size() == 0) continue;
      kernels.adam(scalars, gradients[i].data() + range.begin, range.size(), first_moments_[i].data() + range.begin,
                   second_moments_[i].data() + range.begin, parameters_[i].data() + range.begin);
    }
  });
}

}  // namespace optlab::train
