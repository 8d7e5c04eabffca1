#include "lm/generate.h"

#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>

#include "nn/test_support.h"

namespace optlab::lm {
namespace {

constexpr LmConfig kSmall{
    .vocab = 260, .dim = 24, .layers = 2, .heads = 4, .kv_heads = 2, .hidden = 44, .positions = 48};
const std::vector<std::int32_t> kPrompt = {67, 97, 108, 108};

Lm random_model() {
  Lm model(kSmall);
  model.initialize(3);
  for (nn::Parameter* p : model.parameters()) {
    for (float& value : p->value.values()) value *= p->decays ? 8.0F : 1.0F;
  }
  return model;
}

constexpr auto kGoOn = [](const NewToken& /*token*/) { return true; };

TEST(Generate, WithTheCacheIsWithoutIt) {
  Lm model = random_model();
  for (const float temperature : {0.0F, 1.0F}) {
    GenerateOptions options{.count = 100, .sampling = {.temperature = temperature}, .shift = true};
    nn::TestCompute one, three(nullptr, 3);
    Decoder decoder(model, {}, three.compute);
    const Generation with = generate(decoder, kPrompt, options, nullptr, kGoOn);
    const Generation without = generate_uncached(model, kPrompt, options, nullptr, one.compute, kGoOn);
    EXPECT_EQ(with.ids, without.ids);
    EXPECT_EQ(with.ids.size(), 100U);
    EXPECT_EQ(with.stop, Stop::kCount);
    EXPECT_EQ(with.shifts, 3);  // at 48 tokens, and every 24 from then on
    options.shift = false;
    EXPECT_EQ(generate(decoder, kPrompt, options, nullptr, kGoOn).stop, Stop::kContext);
    EXPECT_EQ(generate(decoder, kPrompt, options, nullptr, kGoOn).ids.size(), 45U);
  }
}

TEST(GenerationRun, IsDrivenFromOutside) {
  Lm model = random_model();
  nn::TestCompute compute;
  Decoder decoder(model, {}, compute.compute);
  const GenerateOptions options{.count = 9};
  const auto next = [&](std::span<const std::int32_t> ids) {
    return decoder.feed(ids.subspan(static_cast<std::size_t>(decoder.reuse(ids))));
  };
  const auto whole = generate(decoder, kPrompt, options, nullptr, kGoOn).ids;
  GenerationRun run(kSmall.positions, kPrompt, options, nullptr);
  for (int i = 0; i < 9; ++i) {
    EXPECT_FALSE(run.done());
    EXPECT_EQ(run.step(next).id, whole[static_cast<std::size_t>(i)]);
  }
  EXPECT_TRUE(run.done());
  EXPECT_EQ(run.result().stop, Stop::kCount);
  EXPECT_EQ(run.result().ids, whole);
  EXPECT_MESSAGE(std::invalid_argument, run.step(next), "the generation is over");

  GenerationRun cancelled(kSmall.positions, kPrompt, options, nullptr);
  cancelled.step(next);
  cancelled.cancel();
  EXPECT_TRUE(cancelled.done());
  EXPECT_EQ(cancelled.result().stop, Stop::kCancelled);
  EXPECT_EQ(cancelled.result().ids.size(), 1U);
  EXPECT_TRUE(GenerationRun(kSmall.positions, kPrompt, {.count = 0}, nullptr).done());
}

TEST(Generate, IsAFunctionOfTheSeed) {
  Lm model = random_model();
  nn::TestCompute compute;
  Decoder decoder(model, {}, compute.compute);
  GenerateOptions options{.count = 20, .sampling = {.temperature = 1.3F, .top_k = 90, .top_p = 0.95F}};
  const auto first = generate(decoder, kPrompt, options, nullptr, kGoOn).ids;
  EXPECT_EQ(generate(decoder, kPrompt, options, nullptr, kGoOn).ids, first);
  EXPECT_EQ(first, (std::vector<std::int32_t>{45,  209, 46,  21,  140, 224, 12,  67,  64, 163,
                                              185, 258, 171, 204, 42,  212, 143, 164, 4,  19}));  // on every platform
  options.sampling.seed = 2;
  EXPECT_NE(generate(decoder, kPrompt, options, nullptr, kGoOn).ids, first);
}

/// How often each token is chosen in 4,000 steps.
std::map<std::int32_t, int> draws(const Sampling& settings, const std::vector<float>& logits,
                                  const std::vector<std::int32_t>& seen = {}) {
  Sampler sampler(settings);
  std::map<std::int32_t, int> counts;
  for (std::uint64_t step = 0; step < 4000; ++step) ++counts[sampler.choose(logits, seen, step)];
  return counts;
}

TEST(Sampler, DrawsWithTheProbabilitiesOfTheSoftmax) {
  const std::vector<float> logits = {std::log(1.0F), std::log(4.0F), std::log(3.0F), std::log(2.0F)};
  const auto expect = [&](const Sampling& settings, const std::vector<double>& want,
                          const std::vector<std::int32_t>& seen = {}) {
    auto counts = draws(settings, logits, seen);
    for (std::int32_t i = 0; i < 4; ++i) {
      if (want[static_cast<std::size_t>(i)] == 0.0) {
        EXPECT_EQ(counts[i], 0) << i;
      } else {
        EXPECT_NEAR(counts[i] / 4000.0, want[static_cast<std::size_t>(i)], 0.03) << i;  // four deviations
      }
    }
  };
  expect({.temperature = 1.0F}, {0.1, 0.4, 0.3, 0.2});
  expect({.temperature = 0.5F}, {1 / 30.0, 16 / 30.0, 9 / 30.0, 4 / 30.0});
  expect({.temperature = 1.0F, .top_k = 2}, {0, 4 / 7.0, 3 / 7.0, 0});
  expect({.temperature = 1.0F, .top_k = 9}, {0.1, 0.4, 0.3, 0.2});
  expect({.temperature = 1.0F, .top_p = 0.65F}, {0, 4 / 7.0, 3 / 7.0, 0});
  expect({.temperature = 1.0F, .top_p = 0.75F}, {0, 4 / 9.0, 3 / 9.0, 2 / 9.0});
  expect({.temperature = 1.0F, .top_k = 3, .top_p = 0.5F}, {0, 4 / 7.0, 3 / 7.0, 0});  // half of what three have
  expect({.temperature = 1.0F, .top_p = 0.01F}, {0, 1, 0, 0});
  expect({.temperature = 0.0F}, {0, 1, 0, 0});
  // log 4 / 2 = log 2: once, however often it was seen.
  expect({.temperature = 1.0F, .repetition_penalty = 2.0F}, {1 / 8.0, 2 / 8.0, 3 / 8.0, 2 / 8.0}, {1, 1, 1});
  expect({.temperature = 1.0F, .repetition_penalty = 2.0F, .repetition_window = 1}, {0.1, 0.4, 0.3, 0.2}, {1, 0});
}

TEST(Sampler, TiesGoToTheLowestTokenAndNansAreNeverChosen) {
  const float nan = std::nanf("");
  const float infinity = INFINITY;
  const Sampling greedy{.temperature = 0.0F}, best{.temperature = 1.0F, .top_k = 1};
  for (const Sampling& settings : {greedy, best}) {
    EXPECT_EQ(Sampler(settings).choose(std::vector<float>{nan, 1.0F, 3.0F, 3.0F, -infinity}, {}, 0), 2);
  }
  EXPECT_EQ(draws({.temperature = 1.0F}, {nan, -infinity, 0.0F})[2], 4000);
  EXPECT_EQ(draws({.temperature = 1.0F}, {0.0F, infinity, 0.0F})[1], 4000);
  EXPECT_EQ(draws({.temperature = 1.0F}, {nan, nan})[0], 4000);
  // A negative logit gets smaller by the penalty.
  EXPECT_EQ(Sampler({.temperature = 0.0F, .repetition_penalty = 3.0F})
                .choose(std::vector<float>{-1.0F, -2.0F}, std::vector<std::int32_t>{0}, 0),
            1);
}

/// A generation whose tokens are given.
Generation scripted(const std::string& text, const GenerateOptions& options, std::string* streamed = nullptr,
                    int cancel_at = -1) {
  const Tokenizer tokenizer({});  // bytes
  std::vector<float> logits(256);
  std::size_t at = 0;
  const auto next = [&](std::span<const std::int32_t> /*ids*/) {
    std::fill(logits.begin(), logits.end(), 0.0F);
    logits[static_cast<unsigned char>(text[at++])] = 1.0F;
    return std::span<const float>(logits);
  };
  GenerateOptions greedy = options;
  greedy.sampling.temperature = 0.0F;
  greedy.count = std::min(options.count, static_cast<int>(text.size()));
  return generate(next, 1000, std::vector<std::int32_t>{1}, greedy, &tokenizer, [&](const NewToken& token) {
    if (streamed != nullptr) *streamed += token.text;
    return token.index != cancel_at;
  });
}

TEST(Generate, StopsWhereItShould) {
  std::string streamed;
  Generation got = scripted("one two three", {.stop_texts = {"tt", " thr"}}, &streamed);
  EXPECT_EQ(got.text, "one two");
  EXPECT_EQ(streamed, "one two");  // not a letter of what was to stop it
  EXPECT_EQ(got.stop, Stop::kText);
  EXPECT_EQ(got.ids.size(), 11U);

  streamed.clear();
  got = scripted("a th", {.stop_texts = {" thr"}}, &streamed);  // what was kept back comes at the end
  EXPECT_EQ(streamed, "a th");
  EXPECT_EQ(got.text, "a th");
  EXPECT_EQ(got.stop, Stop::kCount);

  got = scripted("aab aaab", {.stop_texts = {"aaab"}}, nullptr);
  EXPECT_EQ(got.text, "aab ");

  streamed.clear();
  got = scripted("stop! no", {.stop_tokens = {'!', '?'}}, &streamed);
  EXPECT_EQ(got.stop, Stop::kToken);
  EXPECT_EQ(got.ids.back(), '!');
  EXPECT_EQ(streamed, "stop");

  got = scripted("abcdef", {}, nullptr, 2);
  EXPECT_EQ(got.stop, Stop::kCancelled);
  EXPECT_EQ(got.text, "abc");
  EXPECT_EQ(scripted("abcdef", {.count = 0}).ids.size(), 0U);
  EXPECT_EQ(name_of(Stop::kCancelled), "cancelled");
}

TEST(Generate, RefusesByName) {
  Lm model = random_model();
  nn::TestCompute compute;
  Decoder decoder(model, {}, compute.compute);
  const auto refused = [&](const GenerateOptions& options, const char* part) {
    EXPECT_MESSAGE(std::invalid_argument, generate(decoder, kPrompt, options, nullptr, kGoOn), part);
  };
  refused({.count = -1}, "count of -1; want >= 0");
  refused({.sampling = {.temperature = -1.0F}}, "temperature of -1");
  refused({.sampling = {.temperature = std::nanf("")}}, "temperature of nan");
  refused({.sampling = {.top_k = -1}}, "top_k of -1; want >= 0");
  refused({.sampling = {.top_p = 0.0F}}, "top_p of 0");
  refused({.sampling = {.repetition_penalty = 0.5F}}, "penalty of 0.5");
  // More than the command line offers.
  constexpr int kMost = std::numeric_limits<int>::max();
  EXPECT_NO_THROW(Sampler({.top_k = kMost, .repetition_window = kMost, .seed = ~std::uint64_t{0}}));
  refused({.stop_texts = {"x"}}, "need a tokenizer");
  refused({.stop_texts = {""}}, "empty");
  const std::vector<std::int32_t> none, many(49, 1);
  EXPECT_MESSAGE(std::invalid_argument, generate(decoder, none, {}, nullptr, kGoOn), "prompt of 0 tokens");
  EXPECT_MESSAGE(std::invalid_argument, generate(decoder, many, {}, nullptr, kGoOn),
                 "prompt of 49 tokens; want 1 to 48");
  EXPECT_MESSAGE(std::invalid_argument, Sampler({}).choose({}, {}, 0), "no logits");
}

}  // namespace
}  // namespace optlab::lm
