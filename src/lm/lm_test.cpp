#include "lm/lm.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/digest.h"
#include "lm/lm_trainer.h"
#include "nn/test_support.h"

namespace optlab::lm {
namespace {

constexpr LmConfig kSmall{
    .vocab = 19, .dim = 12, .layers = 2, .heads = 3, .kv_heads = 1, .hidden = 20, .positions = 16};

std::vector<std::int32_t> random_ids(int count, int vocab, std::uint32_t stream = 0) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(count));
  const Rng rng(11, stream);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = static_cast<std::int32_t>(rng.below(i, static_cast<std::uint32_t>(vocab)));
  }
  return ids;
}

TEST(Lm, GradientsAgreeWithFiniteDifferences) {
  for (const bool tied : {true, false}) {
    LmConfig config = kSmall;
    config.tied = tied;
    Lm model(config);
    model.initialize(3);
    model.set_dropout(0.2F);
    // Larger weights than training starts with, so that every branch counts.
    for (nn::Parameter* p : model.parameters()) {
      if (!p->decays) continue;
      const float factor = p->name == "embedding.weight" ? 30.0F : 4.0F;
      for (float& value : p->value.values()) value *= factor;
    }
    nn::TestCompute threads(nullptr, 2);
    const nn::Pass pass{.compute = threads.compute, .training = true, .seed = 1, .step = 4};
    const auto ids = random_ids(2 * 9, config.vocab), labels = random_ids(2 * 9, config.vocab, 1);
    const auto loss = [&] { return model.train(ids, labels, 9, pass); };
    loss();
    std::vector<Tensor> gradients;
    for (nn::Parameter* p : model.parameters()) gradients.push_back(p->gradient.clone());
    for (std::size_t k = 0; k < gradients.size(); ++k) {
      nn::Parameter& p = *model.parameters()[k];
      const std::size_t stride = std::max<std::size_t>(p.size() / 12, 1);
      for (std::size_t i = 0; i < p.size(); i += stride) {
        constexpr float kStep = 1.0F / 256;
        float& value = p.value.values()[i];
        const float kept = value;
        value = kept + kStep;
        const double above = loss();
        value = kept - kStep;
        const double below = loss();
        value = kept;
        const float gradient = gradients[k].values()[i];
        EXPECT_NEAR((above - below) / (2.0 * kStep), gradient, 1e-3 + 1e-2 * std::fabs(gradient)) << p.name << " " << i;
      }
    }
  }
}

/// A few steps of training, and the logits after them.
std::string training_digest(const gemm::Variant* variant, int threads) {
  nn::TestCompute compute(nullptr, threads);
  compute.compute.variant = variant;
  LmConfig config = kSmall;
  config.positions = 80;  // more than a block of attention's backward
  Lm model(config);
  model.initialize(7);
  const auto text = random_ids(400, config.vocab);
  LmTrainingOptions options{.steps = 4, .batch = 2, .context = 80, .warm_up = 2, .dropout = 0.1F};
  train(model, text, options, compute.compute);
  Digest digest;
  for (nn::Parameter* p : model.parameters()) digest.add(p->value.values());
  Tensor logits(Shape{80, config.vocab});
  model.logits(std::span(text).first(80), 80, logits.matrix(), compute.compute);
  digest.add(logits.values());
  return digest.hex();
}

/// The proof of exact mode: natively with any instruction set, under qemu and as WebAssembly, all arrive at these bits.
TEST(Lm, TrainingGivesTheSameBitsEverywhere) {
  constexpr const char* kDigest = "ce3a2bc81ca0d9c0";
  for (const gemm::Variant& variant : supported(gemm::variants(), gemm::Mode::kExact)) {
    EXPECT_EQ(training_digest(&variant, 1), kDigest) << variant.name;
  }
  for (int threads = 2; threads <= 4; ++threads) EXPECT_EQ(training_digest(nullptr, threads), kDigest) << threads;
}

TEST(Lm, LearnsAPattern) {
  nn::TestCompute threads(nullptr, 2);
  threads.compute.mode = gemm::Mode::kFast;
  Lm model(kSmall);
  model.initialize(1);
  std::vector<std::int32_t> text;  // 0 1 2 … 6 0 1 2 …: the next token follows from the one before
  for (int i = 0; i < 300; ++i) text.push_back(i % 7);
  const double before = evaluate(model, text, 16, 8, threads.compute).nats;
  double last = 0.0;
  train(model, text, {.steps = 120, .batch = 4, .context = 16, .learning_rate = 1e-2F, .warm_up = 10}, threads.compute,
        [&](const LmProgress& at) {
          last = at.loss;
          return true;
        });
  EXPECT_LT(last, 0.1);
  const LmEvaluation after = evaluate(model, text, 16, 8, threads.compute);
  EXPECT_EQ(after.tokens, text.size());
  EXPECT_LT(after.nats, 0.1 * before);
}

TEST(Lm, ARowOfLogitsDependsOnlyOnTheTokensBeforeIt) {
  nn::TestCompute threads(nullptr, 2);
  Lm model(kSmall);
  model.initialize(2);
  auto ids = random_ids(2 * 16, kSmall.vocab);
  Tensor all(Shape{32, kSmall.vocab}), some(Shape{5, kSmall.vocab});
  model.logits(ids, 16, all.matrix(), threads.compute);
  model.logits(std::span(ids).subspan(16, 5), 5, some.matrix(), threads.compute);  // the second sequence's first tokens
  for (int t = 0; t < 5; ++t) {
    for (int j = 0; j < kSmall.vocab; ++j) EXPECT_EQ(some.matrix()(t, j), all.matrix()(16 + t, j));
  }
}

TEST(Lm, EvaluationCountsEveryTokenOnce) {
  nn::TestCompute one;
  Lm model(kSmall);
  model.initialize(2);
  const auto text = random_ids(61, kSmall.vocab);
  // By hand: each token after the first given up to a whole window before it, windows one apart.
  double want = std::log(19.0);
  for (std::size_t i = 1; i < text.size(); ++i) {
    const std::size_t seen = std::min<std::size_t>(i, 16);
    Tensor logits(Shape{static_cast<int>(seen), kSmall.vocab});
    model.logits(std::span(text).subspan(i - seen, seen), static_cast<int>(seen), logits.matrix(), one.compute);
    double sum = 0.0;
    const float* row = logits.matrix().row(static_cast<int>(seen) - 1);
    for (int j = 0; j < kSmall.vocab; ++j) sum += std::exp(static_cast<double>(row[j]));
    want += std::log(sum) - static_cast<double>(row[text[i]]);
  }
  const LmEvaluation got = evaluate(model, text, 16, 1, one.compute);
  EXPECT_EQ(got.tokens, text.size());
  EXPECT_NEAR(got.nats, want, 1e-3);
  for (const int stride : {3, 8, 16}) EXPECT_EQ(evaluate(model, text, 16, stride, one.compute).tokens, text.size());
  EXPECT_EQ(evaluate(model, std::span(text).first(1), 16, 4, one.compute).tokens, 1U);
}

TEST(Lm, MayReadLongerSequencesThanItWasMadeFor) {
  Lm model(kSmall);
  model.initialize(3);
  nn::TestCompute compute;
  Lm longer = with_positions(model, 40);
  EXPECT_EQ(longer.config().positions, 40);
  const auto ids = random_ids(40, kSmall.vocab);
  Tensor few(Shape{16, kSmall.vocab}), many(Shape{40, kSmall.vocab});
  model.logits(std::span(ids).first(16), 16, few.matrix(), compute.compute);
  longer.logits(ids, 40, many.matrix(), compute.compute);
  EXPECT_TRUE(std::ranges::equal(few.values(), many.values().first(few.size())));
  EXPECT_THROW(with_positions(model, 0), std::invalid_argument);
  EXPECT_THROW(with_positions(model, 8193), std::invalid_argument);
}

TEST(Lm, TellsAnObserverOfEveryLayer) {
  struct Log : profile::Observer {
    void on_layer_begin(const profile::LayerInfo& layer) override {
      names += std::string(depth++, '>') + std::string(layer.name) + " ";
      work += layer.work;
    }
    void on_layer_end(const profile::LayerInfo& /*layer*/) noexcept override { --depth; }
    std::size_t depth = 0;
    std::string names;
    profile::Work work;
  } log;
  nn::TestCompute one;
  LmConfig config = kSmall;
  config.layers = 1;
  Lm model(config);
  Tensor logits(Shape{10, config.vocab});
  model.logits(random_ids(10, config.vocab), 5, logits.matrix(), one.compute, &log);
  EXPECT_EQ(
      log.names,
      "embedding layers.0.attention_block >layers.0.attention_norm >layers.0.attention layers.0.feed_forward_block "
      ">layers.0.feed_forward_norm >layers.0.feed_forward norm classifier ");
  // The products: 2 FLOPs a weight and token. What else there is, is small but not nothing.
  const std::int64_t weights = 12 * (12 + 2 * 4) + 12 * 12 + 3 * 12 * 20 + 12 * 19;
  EXPECT_GT(log.work.flops(), 2 * 10 * weights);
  EXPECT_LT(log.work.flops(), 3 * 10 * weights);
}

TEST(Lm, RefusesWhatDoesNotFit) {
  nn::TestCompute one;
  Lm model(kSmall);
  Tensor logits(Shape{17, kSmall.vocab});
  const auto ids = random_ids(17, kSmall.vocab);
  EXPECT_MESSAGE(std::invalid_argument, model.logits(ids, 17, logits.matrix(), one.compute),
                 "17 ids in sequences of 17; want whole sequences of 1 to 16");
  EXPECT_THROW(model.logits(ids, 16, logits.matrix(), one.compute), std::invalid_argument);
  EXPECT_THROW(model.set_dropout(1.0F), std::invalid_argument);
  EXPECT_THROW(Lm({.layers = 0}), std::invalid_argument);
  EXPECT_THROW(Lm({.dim = 190, .heads = 6}), std::invalid_argument);
  EXPECT_THROW(evaluate(model, ids, 16, 17, one.compute), std::invalid_argument);
  EXPECT_THROW(evaluate(model, {}, 16, 1, one.compute), std::invalid_argument);
  EXPECT_MESSAGE(std::invalid_argument, train(model, ids, {.context = 17}, one.compute), "from 1 to 16");
  EXPECT_MESSAGE(std::invalid_argument, train(model, std::span(ids).first(8), {.context = 16}, one.compute),
                 "a text of 8 tokens");
}

}  // namespace
}  // namespace optlab::lm
