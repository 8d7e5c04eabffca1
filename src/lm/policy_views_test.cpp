#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "lm/attention_map.h"
#include "lm/lm_trainer.h"
#include "lm/perplexity.h"
#include "lm/random_lm.h"
#include "lm/regroup.h"
#include "nn/test_support.h"

/// What lesson 03 shows of a model: where it looks, with fewer heads, and what a policy costs.
namespace optlab::lm {
namespace {

constexpr LmConfig kSmall{
    .vocab = 37, .dim = 48, .layers = 2, .heads = 6, .kv_heads = 3, .hidden = 44, .positions = 80};

const std::vector<kvcache::Policy> kPolicies = {{},
                                                {.window = 24},
                                                {.window = 20, .sinks = 3},
                                                {.storage = kvcache::Storage::kFloat16},
                                                {.window = 9, .sinks = 1, .storage = kvcache::Storage::kInt8}};

/// The row of one layer, head and token.
std::span<const float> row_of(const Tensor& map, const LmConfig& config, int layer, int head, int token) {
  const auto T = static_cast<std::size_t>(map.shape()[1]);
  const auto at = (static_cast<std::size_t>(layer * config.heads + head) * T + static_cast<std::size_t>(token)) * T;
  return map.values().subspan(at, T);
}

TEST(AttentionMap, RowsAreProbabilitiesOfWhatIsKept) {
  Lm model = random_model(kSmall);
  nn::TestCompute compute;
  const auto ids = random_ids(70, kSmall.vocab);
  for (const kvcache::Policy& policy : kPolicies) {
    Decoder decoder(model, {policy, {}}, compute.compute);
    const Tensor map = attention_map(decoder, ids);
    EXPECT_EQ(map.shape(), (Shape{12, 70, 70}));
    int uneven = 0;
    for (int i = 0; i < 12; ++i) {
      for (int t = 0; t < 70; ++t) {
        const auto row = row_of(map, kSmall, i / 6, i % 6, t);
        double sum = 0.0;
        for (int s = 0; s < 70; ++s) {
          const int window = policy.window == 0 ? 70 : policy.window;
          const bool seen = s <= t && (s < policy.sinks || s > t - window);
          const float p = row[static_cast<std::size_t>(s)];
          ASSERT_GE(p, 0.0F);
          ASSERT_EQ(p > 0.0F, seen) << "token " << t << ", key " << s << ", window " << policy.window;
          sum += double{p};
        }
        ASSERT_NEAR(sum, 1.0, 70 * 6e-8);
        uneven += *std::max_element(row.begin(), row.end()) > 2.0F / static_cast<float>(std::min(t + 1, 24)) ? 1 : 0;
      }
    }
    EXPECT_GT(uneven, 200);
  }
}

TEST(AttentionMap, TimesValuesIsWhatTheDecoderUses) {
  Lm model = random_model(kSmall);
  nn::TestCompute compute;
  const auto ids = random_ids(60, kSmall.vocab);
  const int D = kSmall.dim / kSmall.heads;
  for (const kvcache::Policy& policy : kPolicies) {
    Decoder decoder(model, {policy, {}}, compute.compute);
    const Tensor map = attention_map(decoder, ids);
    Decoder again(model, {policy, {}}, compute.compute);
    std::vector<float> key(static_cast<std::size_t>(D)), value(key.size());
    double largest = 0.0;
    for (int t = 0; t < 60; ++t) {
      const auto compare = [&](int layer, const attention::ConstHeads& /*queries*/, const attention::ConstHeads& out) {
        for (int h = 0; h < kSmall.heads; ++h) {
          std::vector<double> sum(key.size()), bound(1);
          const auto row = row_of(map, kSmall, layer, h, t);
          for (int s = 0; s <= t; ++s) {
            if (!again.cache().holds(s)) continue;
            again.cache().read(layer, h / 2, s, key, value);
            for (std::size_t d = 0; d < value.size(); ++d) {
              sum[d] += double{row[static_cast<std::size_t>(s)]} * double{value[d]};
              bound[0] = std::max(bound[0], std::fabs(double{value[d]}));
            }
          }
          for (std::size_t d = 0; d < value.size(); ++d) {
            largest = std::max(largest, std::fabs(sum[d]));
            ASSERT_NEAR(out.at(0, h)[d], sum[d], bound[0] * (t + 3) * std::ldexp(1.0, -24));
          }
        }
      };
      again.feed(ids[static_cast<std::size_t>(t)], compare);
    }
    EXPECT_GT(largest, 0.1);
  }
}

/// Where all values are one number's bits, attention's output is that number: what is left are the exponentials' own bits.
TEST(AttentionMap, HasTheBitsOfTheReference) {
  Lm model = random_model(kSmall);
  nn::TestCompute compute;
  const auto ids = random_ids(50, kSmall.vocab);
  Decoder decoder(model, {}, compute.compute), again(model, {}, compute.compute);
  const Tensor map = attention_map(decoder, ids);
  const int D = kSmall.dim / kSmall.heads;
  // Values that are rows of the identity: the output is the probabilities of the first D keys, as attend computes them.
  for (int t = 0; t < 50; ++t) {
    const auto compare = [&](int layer, const attention::ConstHeads& queries, const attention::ConstHeads& /*out*/) {
      const int S = t + 1;
      for (int first = 0; first < S; first += D) {
        std::vector<float> keys(static_cast<std::size_t>(S * kSmall.kv_heads * D)), values(keys.size());
        std::vector<float> value(static_cast<std::size_t>(D)), out(static_cast<std::size_t>(kSmall.dim));
        const auto k = attention::heads_view(keys.data(), S, kSmall.kv_heads, D);
        const auto v = attention::heads_view(values.data(), S, kSmall.kv_heads, D);
        for (int s = 0; s < S; ++s) {
          for (int g = 0; g < kSmall.kv_heads; ++g) {
            again.cache().read(layer, g, s, {k.at(s, g), value.size()}, value);
            if (s >= first && s < first + D) v.at(s, g)[s - first] = 1.0F;
          }
        }
        attention::Context context{compute.pool, compute.scratch};
        attention::attend({.q = queries, .k = k, .v = v, .out = attention::heads_view(out.data(), 1, kSmall.heads, D)},
                          context);
        for (int s = first; s < std::min(first + D, S); ++s) {
          for (int h = 0; h < kSmall.heads; ++h) {
            ASSERT_EQ(row_of(map, kSmall, layer, h, t)[static_cast<std::size_t>(s)],
                      out[static_cast<std::size_t>(h * D + s - first)]);
          }
        }
      }
    };
    again.feed(ids[static_cast<std::size_t>(t)], compare);
  }
}

TEST(AttentionMap, Refuses) {
  Lm model = random_model(kSmall);
  nn::TestCompute compute;
  Decoder decoder(model, {}, compute.compute);
  EXPECT_MESSAGE(std::invalid_argument, attention_map(decoder, {}), "0 tokens; want 1 to 80");
  EXPECT_MESSAGE(std::invalid_argument, attention_map(decoder, random_ids(81, 37)), "81 tokens");
}

std::vector<float> logits_of(Lm& model, std::span<const std::int32_t> ids, const nn::Compute& compute) {
  Tensor logits(Shape{static_cast<int>(ids.size()), model.config().vocab});
  model.logits(ids, static_cast<int>(ids.size()), logits.matrix(), compute);
  return {logits.values().begin(), logits.values().end()};
}

TEST(Regroup, MoreHeadsComputeTheSame) {
  for (const bool tied : {true, false}) {
    LmConfig config = kSmall;
    config.tied = tied;
    Lm model = random_model(config);
    nn::TestCompute compute;
    const auto ids = random_ids(60, config.vocab);
    const auto want = logits_of(model, ids, compute.compute);
    Lm copy = regroup(model, 3), full = regroup(model, 6);
    EXPECT_EQ(copy.parameter_digest(), model.parameter_digest());
    EXPECT_EQ(full.config().kv_heads, 6);
    EXPECT_EQ(logits_of(full, ids, compute.compute), want);
    EXPECT_EQ(regroup(full, 3).parameter_digest(), model.parameter_digest());  // (x + x)/2 is x
    Decoder few(model, {}, compute.compute), many(full, {}, compute.compute);
    EXPECT_EQ(evaluate(many, ids, 20, 10, compute.pool).nats, evaluate(few, ids, 20, 10, compute.pool).nats);
    EXPECT_EQ(many.cache().footprint().total(), 2 * few.cache().footprint().total());
  }
}

TEST(Regroup, FewerHeadsAreMeans) {
  Lm model = random_model(kSmall);
  Lm one = regroup(model, 1);
  EXPECT_EQ(one.config().kv_heads, 1);
  for (int l = 0; l < 2; ++l) {
    const ConstMatrixView from = model.attention(l).parameters()[0]->value.matrix();
    const ConstMatrixView to = one.attention(l).parameters()[0]->value.matrix();
    ASSERT_EQ(to.columns, 48 + 16);
    for (int r = 0; r < 48; ++r) {
      for (int c = 0; c < 48; ++c) ASSERT_EQ(to.row(r)[c], from.row(r)[c]);
      for (int c = 0; c < 16; ++c) {
        const float* first = from.row(r) + 48 + c / 8 * 24 + c % 8;
        ASSERT_NEAR(to.row(r)[48 + c], (double{first[0]} + first[8] + first[16]) / 3.0, 1e-6);
      }
    }
  }
  // What shares a head already shares its mean: other weights stay.
  EXPECT_TRUE(std::ranges::equal(one.parameters().back()->value.values(), model.parameters().back()->value.values()));
  EXPECT_MESSAGE(std::invalid_argument, regroup(model, 2), "2 key and value heads of 3");
  EXPECT_MESSAGE(std::invalid_argument, regroup(model, 0), "0 key and value heads");
  EXPECT_MESSAGE(std::invalid_argument, regroup(model, 12), "divides the 6 query heads");
}

TEST(Perplexity, StepsDoNotMatter) {
  Lm model = random_model(kSmall);
  nn::TestCompute compute;
  const auto text = random_ids(211, kSmall.vocab);
  for (const kvcache::Policy& policy : kPolicies) {
    for (const int stride : {13, 40}) {
      Decoder decoder(model, {policy, {}}, compute.compute);
      const LmEvaluation want = evaluate(decoder, text, 40, stride, compute.pool);
      EXPECT_EQ(want.tokens, text.size());
      for (const int tokens : {1, 7, 1000}) {
        Perplexity perplexity(decoder, text, 40, stride);
        double progress = 0.0;
        while (perplexity.step(tokens, compute.pool)) {
          EXPECT_GT(perplexity.progress(), progress);
          progress = perplexity.progress();
        }
        EXPECT_EQ(progress, 1.0);
        EXPECT_TRUE(perplexity.done());
        EXPECT_EQ(perplexity.nats(), want.nats) << tokens;
        EXPECT_EQ(perplexity.losses().size(), want.tokens);
        double sum = std::log(37.0);
        for (std::size_t i = 1; i < want.tokens; ++i) sum += double{perplexity.losses()[i]};
        EXPECT_EQ(sum, want.nats);
      }
    }
  }
  // Without a window it is what the model itself makes of the text.
  Decoder decoder(model, {}, compute.compute);
  EXPECT_EQ(evaluate(decoder, text, 40, 13, compute.pool).nats, evaluate(model, text, 40, 13, compute.compute).nats);
}

TEST(Perplexity, OfATokenAndRefusals) {
  Lm model = random_model(kSmall);
  nn::TestCompute compute;
  Decoder decoder(model, {}, compute.compute);
  Perplexity one(decoder, random_ids(1, 37), 10, 5);
  EXPECT_TRUE(one.done());
  EXPECT_FALSE(one.step(1, compute.pool));
  EXPECT_EQ(one.nats(), std::log(37.0));
  EXPECT_EQ(one.progress(), 1.0);
  Perplexity some(decoder, random_ids(9, 37), 10, 5);
  EXPECT_MESSAGE(std::invalid_argument, some.step(0, compute.pool), "a step of 0 tokens");
  EXPECT_MESSAGE(std::invalid_argument, Perplexity(decoder, {}, 10, 5), "0 tokens; want 1 <= stride");
  EXPECT_MESSAGE(std::invalid_argument, Perplexity(decoder, random_ids(9, 37), 10, 11), "a stride of 11");
}

}  // namespace
}  // namespace optlab::lm
