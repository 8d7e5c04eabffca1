#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/buffer.h"
#include "parallel/thread_pool.h"

namespace optlab::train {

struct AdamOptions {
  float beta1 = 0.9F;
  float beta2 = 0.999F;
  float epsilon = 1e-8F;
  float weight_decay = 0.0F;  // decoupled: a step also subtracts learning_rate * weight_decay * p
};

/// m ← β₁m + (1-β₁)g;  v ← β₂v + (1-β₂)g²;  p ← p - α·(m/(1-β₁ᵗ)) / (√(v/(1-β₂ᵗ)) + ε) - α·λ·p
///
/// Numerics: only IEEE operations, element by element: the same bits on every platform and for any number of threads.
///           The powers βᵗ are running products, since std::pow differs between platforms.
/// Cost:     about 16 operations and 16 bytes of state and parameter an element.
/// Source:   Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015; Loshchilov and Hutter, "Decoupled
///           Weight Decay Regularization", 2019.
class Adam {
 public:
  /// `parameters` are updated in place and must outlive this.
  /// Throws: std::invalid_argument unless betas are in [0, 1), epsilon > 0 and weight_decay >= 0.
  explicit Adam(std::vector<std::span<float>> parameters, AdamOptions options = {});

  /// Throws std::invalid_argument if the gradients don't have the parameters' sizes.
  void step(std::span<const std::span<const float>> gradients, float learning_rate, parallel::ThreadPool& pool);

  /// What the next step depends on beside the parameters, to be saved and put back: the moments of parameter i, and how
  /// many steps there were.
  std::span<float> first_moment(std::size_t i) { return first_moments_[i].span(); }
  std::span<float> second_moment(std::size_t i) { return second_moments_[i].span(); }
  void resume_after(std::int64_t steps);

 private:
  std::vector<std::span<float>> parameters_;
  AdamOptions options_;
  std::vector<AlignedBuffer<float>> first_moments_;
  std::vector<AlignedBuffer<float>> second_moments_;
  double beta1_power_ = 1.0;
  double beta2_power_ = 1.0;
};

}  // namespace optlab::train
