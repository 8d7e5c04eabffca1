#include "train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/error.h"
#include "train/optimizer_kernels.h"

namespace optlab::train {
namespace {

using Kind = OptimizerOptions::Kind;

void check(const OptimizerOptions& options) {
  const auto in_unit = [](float value) { return value >= 0.0F && value < 1.0F; };
  if (in_unit(options.momentum) && in_unit(options.beta1) && in_unit(options.beta2) && options.epsilon > 0.0F &&
      options.weight_decay >= 0.0F) {
    return;
  }
  throw std::invalid_argument("Optimizer: momentum and betas must be in [0, 1), epsilon > 0 and weight_decay >= 0");
}

void check_gradient(const nn::Parameter& parameter, std::size_t size) {
  if (parameter.gradient.size() == parameter.size() && parameter.size() == size) return;
  throw_invalid({"Optimizer: parameter ", parameter.name, " has ", parameter.size(), " values, had ", size, ", and ",
                 parameter.gradient.size(), " gradients"});
}

}  // namespace

Optimizer::Optimizer(std::vector<nn::Parameter*> parameters, const OptimizerOptions& options)
    : parameters_(std::move(parameters)), options_(options) {
  check(options);
  const bool adam = options.kind != Kind::kSgd;
  for (const nn::Parameter* parameter : parameters_) {
    first_moments_.emplace_back(adam || options.momentum > 0.0F ? parameter->size() : 0);
    second_moments_.emplace_back(adam ? parameter->size() : 0);
  }
}

void Optimizer::step(float learning_rate, parallel::ThreadPool& pool) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::size_t moments = first_moments_[i].size();
    check_gradient(*parameters_[i], moments != 0 ? moments : parameters_[i]->size());
  }
  beta1_power_ *= static_cast<double>(options_.beta1);
  beta2_power_ *= static_cast<double>(options_.beta2);
  const detail::OptimizerKernels& kernels = detail::optimizer_kernels();
  pool.run(pool.threads(), [&](int worker) {
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      nn::Parameter& parameter = *parameters_[i];
      const auto [begin, end] = parallel::partition(static_cast<int>(parameter.size()), pool.threads(), worker, 16);
      if (begin >= end) continue;
      const float decay = parameter.decays || options_.decay_all ? options_.weight_decay : 0.0F;
      const float* g = parameter.gradient.values().data() + begin;
      float* p = parameter.value.values().data() + begin;
      float* m = first_moments_[i].size() == 0 ? nullptr : first_moments_[i].data() + begin;
      if (options_.kind == Kind::kSgd) {
        kernels.sgd({.rate = learning_rate, .momentum = options_.momentum, .decay = decay}, g, end - begin, m, p);
        continue;
      }
      const bool decoupled = options_.kind == Kind::kAdamW;
      const detail::AdamStep step{.beta1 = options_.beta1,
                                  .beta2 = options_.beta2,
                                  .epsilon = options_.epsilon,
                                  .correction1 = static_cast<float>(1.0 - beta1_power_),
                                  .correction2 = static_cast<float>(1.0 - beta2_power_),
                                  .rate = learning_rate,
                                  .decay = decoupled ? learning_rate * decay : 0.0F,
                                  .coupled = decoupled ? 0.0F : decay};
      kernels.adam(step, g, end - begin, m, second_moments_[i].data() + begin, p);
    }
  });
}

void Optimizer::resume_after(std::int64_t steps) {
  beta1_power_ = beta2_power_ = 1.0;
  for (std::int64_t i = 0; i < steps; ++i) {  // as they came about
    beta1_power_ *= static_cast<double>(options_.beta1);
    beta2_power_ *= static_cast<double>(options_.beta2);
  }
}

double clip_gradients(std::span<nn::Parameter* const> parameters, float most, parallel::ThreadPool& pool) {
  if (!(most >= 0.0F)) throw std::invalid_argument("clip_gradients: the largest norm must be >= 0");
  constexpr int kBlock = 4096;
  struct Block {
    float* values;
    int size;
  };
  std::vector<Block> blocks;
  for (nn::Parameter* parameter : parameters) {
    const std::span<float> g = parameter->gradient.values();
    for (std::size_t at = 0; at < g.size(); at += kBlock) {
      blocks.push_back({g.data() + at, static_cast<int>(std::min<std::size_t>(kBlock, g.size() - at))});
    }
  }
  const detail::OptimizerKernels& kernels = detail::optimizer_kernels();
  const auto for_each_block = [&](const auto& body) {
    pool.run(pool.threads(), [&](int worker) {
      const auto [begin, end] = parallel::partition(static_cast<int>(blocks.size()), pool.threads(), worker);
      for (int i = begin; i < end; ++i) body(i);
    });
  };
  std::vector<float> squares(blocks.size());
  for_each_block([&](int i) { squares[i] = kernels.sum_of_squares(blocks[i].values, blocks[i].size); });
  double sum = 0.0;
  for (const float square : squares) sum += static_cast<double>(square);
  const double norm = std::sqrt(sum);
  if (most > 0.0F && norm > static_cast<double>(most)) {
    const auto factor = static_cast<float>(static_cast<double>(most) / norm);
    for_each_block([&](int i) { kernels.scale(blocks[i].values, blocks[i].size, factor); });
  }
  return norm;
}

}  // namespace optlab::train
