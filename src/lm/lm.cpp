#include "lm/lm.h"

#include <algorithm>
#include <stdexcept>

#include "core/digest.h"
#include "core/math.h"
#include "nn/loss.h"
#include "nn/workers.h"
#include "profile/flop_counter.h"

namespace optlab::lm {
namespace {

LmConfig checked(const LmConfig& config) {
  if (config.layers < 1) {
    throw std::invalid_argument("Lm: layers is " + std::to_string(config.layers) + "; it must be >= 1");
  }
  return config;
}

void fit(Tensor& tensor, const Shape& shape) {
  if (tensor.shape() != shape) tensor = Tensor(shape);
}

}  // namespace

Lm::Lm(const LmConfig& config)
    : config_(checked(config)),
      embedding_("embedding", config.vocab, config.dim),
      norm_(std::make_unique<nn::RmsNorm>("norm", config.dim)),
      dropout_(0.0F, 0) {
  if (!config.tied) classifier_.emplace("classifier", config.vocab, config.dim);
  const nn::AttentionSizes sizes{config.dim, config.heads, config.kv_heads, config.positions};
  for (int l = 0; l < config.layers; ++l) {
    const std::string name = "layers." + std::to_string(l);
    const auto stream = static_cast<std::uint32_t>(2 * l + 1);
    attention_.push_back(std::make_unique<nn::Residual>(
        name + ".attention_block", std::make_unique<nn::RmsNorm>(name + ".attention_norm", config.dim),
        std::make_unique<nn::SelfAttention>(name + ".attention", sizes), 0.0F, stream));
    feed_forward_.push_back(std::make_unique<nn::Residual>(
        name + ".feed_forward_block", std::make_unique<nn::RmsNorm>(name + ".feed_forward_norm", config.dim),
        std::make_unique<nn::SwiGlu>(name + ".feed_forward", config.dim, config.hidden), 0.0F, stream + 1));
  }
}

void Lm::initialize(std::uint64_t seed) {
  constexpr float kEmbeddingDeviation = 0.02F;
  std::uint32_t stream = 0;
  const auto next = [&] { return Rng(seed, stream++); };
  embedding_.initialize(next(), kEmbeddingDeviation);
  const Rng classifier = next();
  if (classifier_) classifier_->initialize(classifier, kEmbeddingDeviation);
  const float output_scale = 1.0F / math::sqrt(static_cast<float>(2 * config_.layers));
  for (int l = 0; l < config_.layers; ++l) {
    const Rng joint = next(), output = next(), gate_up = next(), down = next();
    attention(l).initialize(joint, output, output_scale);
    feed_forward(l).initialize(gate_up, down, output_scale);
  }
}

void Lm::set_dropout(float probability) {
  dropout_ = nn::DropoutMask(probability, 0);
  for (int l = 0; l < config_.layers; ++l) {
    attention_[l]->set_dropout(probability);
    feed_forward_[l]->set_dropout(probability);
  }
}

std::vector<nn::Parameter*> Lm::parameters() {
  std::vector<nn::Parameter*> all = {&embedding_.table()};
  const auto append = [&](nn::Layer& layer) {
    for (nn::Parameter* parameter : layer.parameters()) all.push_back(parameter);
  };
  for (int l = 0; l < config_.layers; ++l) {
    append(*attention_[l]);
    append(*feed_forward_[l]);
  }
  append(*norm_);
  if (classifier_) all.push_back(&classifier_->table());
  return all;
}

std::size_t Lm::parameter_count() {
  std::size_t count = 0;
  for (const nn::Parameter* parameter : parameters()) count += parameter->size();
  return count;
}

std::string Lm::parameter_digest() {
  Digest digest;
  for (const nn::Parameter* parameter : parameters()) digest.add(parameter->value.values());
  return digest.hex();
}

void Lm::forward(std::span<const std::int32_t> ids, int tokens, const nn::Pass& pass) {
  if (tokens < 1 || tokens > config_.positions || ids.size() % static_cast<std::size_t>(tokens) != 0) {
    throw std::invalid_argument("Lm: " + std::to_string(ids.size()) + " ids in sequences of " + std::to_string(tokens) +
                                "; want whole sequences of 1 to " + std::to_string(config_.positions));
  }
  const Shape shape{static_cast<int>(ids.size()) / tokens, tokens, config_.dim};
  const std::size_t blocks = 2 * static_cast<std::size_t>(config_.layers);
  // Training keeps what enters every block; without it two buffers take turns.
  const std::size_t kept = pass.training ? blocks + 1 : 2;
  if (states_.size() < kept) states_.resize(kept);
  for (std::size_t i = 0; i < kept; ++i) fit(states_[i], shape);
  fit(normed_, shape);
  const auto state = [&](std::size_t i) -> Tensor& { return states_[i % kept]; };
  {
    const profile::ObservedLayer observed(
        pass.observer,
        {"embedding", "Embedding", profile::FlopCounter::embedding(normed_.matrix().rows, config_.dim), shape});
    embedding_.look_up(ids, state(0).matrix(), pass.compute);
  }
  if (pass.training && dropout_.drops()) {
    dropout_.draw(shape.element_count(), pass);
    float* values = state(0).values().data();
    dropout_.apply(values, 0, static_cast<int>(shape.element_count()), values);
  }
  for (std::size_t i = 0; i < blocks; ++i) {
    nn::Residual& block = i % 2 == 0 ? *attention_[i / 2] : *feed_forward_[i / 2];
    const profile::ObservedLayer observed(pass.observer, nn::info_of(block, shape, pass));
    block.forward(state(i).view(), state(i + 1).view(), pass);
  }
  const profile::ObservedLayer observed(pass.observer, nn::info_of(*norm_, shape, pass));
  norm_->forward(state(blocks).view(), normed_.view(), pass);
}

void Lm::logits(std::span<const std::int32_t> ids, int tokens, MatrixView logits, const nn::Compute& compute,
                profile::Observer* observer) {
  const nn::Pass pass{.compute = compute, .observer = observer};
  forward(ids, tokens, pass);
  const int rows = static_cast<int>(ids.size());
  const profile::ObservedLayer observed(
      observer, {"classifier", "Linear", profile::FlopCounter::linear({rows, config_.dim, config_.vocab, false}),
                 Shape{rows, config_.vocab}});
  classifier().logits(normed_.matrix(), logits, compute);
}

double Lm::train(std::span<const std::int32_t> ids, std::span<const std::int32_t> labels, int tokens,
                 const nn::Pass& pass) {
  const nn::Pass training{.compute = pass.compute, .training = true, .seed = pass.seed, .step = pass.step};
  forward(ids, tokens, training);
  fit(logits_, Shape{static_cast<int>(ids.size()), config_.vocab});
  const MatrixView logits = logits_.matrix();
  classifier().logits(normed_.matrix(), logits, pass.compute);
  const double loss = nn::token_cross_entropy(logits, labels, &logits, pass.compute.context.pool);
  backward(ids, training);
  return loss;
}

void Lm::backward(std::span<const std::int32_t> ids, const nn::Pass& pass) {
  const Shape shape = normed_.shape();
  for (Tensor& gradient : gradients_) fit(gradient, shape);
  classifier().logits_backward(normed_.matrix(), logits_.matrix(), gradients_[0].matrix(), pass.compute);
  const std::size_t blocks = 2 * static_cast<std::size_t>(config_.layers);
  norm_->backward(states_[blocks].view(), normed_.view(), gradients_[0].view(), gradients_[1].view(), pass);
  int at = 1;  // which buffer has the gradient
  for (std::size_t i = blocks; i-- > 0;) {
    nn::Residual& block = i % 2 == 0 ? *attention_[i / 2] : *feed_forward_[i / 2];
    block.backward(states_[i].view(), states_[i + 1].view(), gradients_[at].view(), gradients_[1 - at].view(), pass);
    at = 1 - at;
  }
  float* values = gradients_[at].values().data();
  if (dropout_.drops()) dropout_.apply(values, 0, static_cast<int>(shape.element_count()), values);
  if (classifier_) embedding_.clear_gradient();
  embedding_.look_up_backward(ids, gradients_[at].matrix(), pass.compute);
}

Lm with_positions(Lm& model, int positions) {
  LmConfig config = model.config();
  config.positions = positions;
  Lm copy(config);
  const auto from = model.parameters();
  const auto to = copy.parameters();
  for (std::size_t i = 0; i < from.size(); ++i)
    std::ranges::copy(from[i]->value.values(), to[i]->value.values().begin());
  return copy;
}

}  // namespace optlab::lm
