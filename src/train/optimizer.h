#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/buffer.h"
#include "nn/layer.h"
#include "parallel/thread_pool.h"

namespace optlab::train {

struct OptimizerOptions {
  enum class Kind { kSgd, kAdam, kAdamW };
  Kind kind = Kind::kAdamW;
  float momentum = 0.9F;  // SGD's; 0: plain gradient descent
  float beta1 = 0.9F;     // Adam's
  float beta2 = 0.999F;
  float epsilon = 1e-8F;
  /// λ, for parameters that decay. SGD and Adam add λp to the gradient; AdamW subtracts αλp from p.
  float weight_decay = 0.0F;
  bool decay_all = false;  // biases and the scales of norms too
};

/// Moves parameters against their gradients:
/// SGD    d = g + λp;  m ← μm + d;  p ← p - α·m
/// Adam   d = g + λp;  m ← β₁m + (1-β₁)d;  v ← β₂v + (1-β₂)d²;  p ← p - α·(m/(1-β₁ᵗ)) / (√(v/(1-β₂ᵗ)) + ε)
/// AdamW  the same with d = g, and p ← … - α·λ·p
///
/// Numerics: only IEEE operations, element by element: the same bits on every platform and for any number of threads.
///           The powers βᵗ are running products, since std::pow differs between platforms.
/// Cost:     Adam: 16 operations and 16 bytes of state and parameter an element; SGD a third of that.
/// Source:   Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; Kingma and Ba, "Adam: A
///           Method for Stochastic Optimization", 2015; Loshchilov and Hutter, "Decoupled Weight Decay Regularization",
///           2019.
class Optimizer {
 public:
  /// `parameters` must outlive this.
  /// Throws: std::invalid_argument unless momentum and betas are in [0, 1), epsilon > 0 and weight_decay >= 0.
  Optimizer(std::vector<nn::Parameter*> parameters, const OptimizerOptions& options);

  /// Throws std::invalid_argument naming the parameter if one has no gradient or its size has changed.
  void step(float learning_rate, parallel::ThreadPool& pool);

  std::span<nn::Parameter* const> parameters() const { return parameters_; }

  /// What the next step depends on beside the parameters, to be saved and put back: the moments of parameter i, and how
  /// many steps there were.
  std::span<float> first_moment(std::size_t i) { return first_moments_[i].span(); }
  std::span<float> second_moment(std::size_t i) { return second_moments_[i].span(); }
  void resume_after(std::int64_t steps);

 private:
  std::vector<nn::Parameter*> parameters_;
  OptimizerOptions options_;
  std::vector<AlignedBuffer<float>> first_moments_;
  std::vector<AlignedBuffer<float>> second_moments_;
  double beta1_power_ = 1.0;
  double beta2_power_ = 1.0;
};

/// √Σg² over all gradients; scales them by most/norm where the norm exceeds `most`. Returns the norm before. most = 0
/// only measures.
///
/// Numerics: squares are summed in float32 within blocks of 4,096 elements, in 16 stripes, and the blocks in float64 in
///           order: the same bits for any number of threads.
/// Source:   Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013.
double clip_gradients(std::span<nn::Parameter* const> parameters, float most, parallel::ThreadPool& pool);

}  // namespace optlab::train
