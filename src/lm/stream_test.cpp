#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/digest.h"
#include "core/memory.h"
#include "core/test_support.h"
#include "lm/attention_map.h"
#include "lm/decoder.h"
#include "lm/generate.h"
#include "lm/lm_trainer.h"
#include "lm/perplexity.h"
#include "lm/random_lm.h"
#include "nn/test_support.h"

/// Decoding with positions within the cache.
namespace optlab::lm {
namespace {

constexpr LmConfig kSmall{
    .vocab = 37, .dim = 24, .layers = 2, .heads = 4, .kv_heads = 2, .hidden = 44, .positions = 48};
constexpr kvcache::Policy kStream{.window = 20, .sinks = 4, .stream = true};

std::vector<float> uncached(Lm& model, std::span<const std::int32_t> ids) {
  nn::TestCompute compute;
  Tensor logits(Shape{static_cast<int>(ids.size()), model.config().vocab});
  model.logits(ids, static_cast<int>(ids.size()), logits.matrix(), compute.compute);
  return {logits.values().begin(), logits.values().end()};
}

std::vector<float> fed(Decoder& decoder, std::span<const std::int32_t> ids, int chunk) {
  const int vocab = decoder.config().vocab;
  Tensor logits(Shape{static_cast<int>(ids.size()), vocab});
  for (std::size_t done = 0; done < ids.size(); done += static_cast<std::size_t>(chunk)) {
    const std::size_t count = std::min(static_cast<std::size_t>(chunk), ids.size() - done);
    decoder.feed_all(ids.subspan(done, count),
                     logits.matrix().block(static_cast<int>(done), 0, static_cast<int>(count), vocab));
  }
  return {logits.values().begin(), logits.values().end()};
}

TEST(StreamDecoder, HasTheModelsBitsWhileNothingIsEvicted) {
  Lm model = random_model(kSmall);
  const auto ids = random_ids(48, kSmall.vocab);
  for (const kvcache::Policy& policy : {kvcache::Policy{.stream = true},
                                        {.window = 30, .sinks = 18, .stream = true},
                                        {.window = 100, .stream = true}}) {
    nn::TestCompute two(nullptr, 2);
    Decoder decoder(model, {policy}, two.compute);
    EXPECT_EQ(fed(decoder, ids, 5), uncached(model, ids));
  }
}

// In a model of one layer a token's key and value depend on nothing but the token, so that what is kept is a text of its
// own. Where the ring begins anew its slots are in order, and so are the sums.
TEST(StreamDecoder, PredictsFromWhatIsKeptAsIfItWereTheWholeText) {
  LmConfig config = kSmall;
  config.layers = 1;
  Lm model = random_model(config);
  const auto ids = random_ids(400, config.vocab);
  nn::TestCompute two(nullptr, 2);
  Decoder decoder(model, {kStream}, two.compute);
  const auto logits = fed(decoder, ids, 33);
  for (int end = 24; end <= 400; end += 20) {
    std::vector<std::int32_t> kept(ids.begin(), ids.begin() + 4);
    kept.insert(kept.end(), ids.begin() + end - 20, ids.begin() + end);
    const auto want = uncached(model, kept);
    const auto row = logits.begin() + (end - 1) * config.vocab;
    EXPECT_TRUE(std::equal(row, row + config.vocab, want.end() - config.vocab)) << end;
  }
}

TEST(StreamDecoder, DependsOnNeitherChunksNorThreadsNorThePlatform) {
  Lm model = random_model(kSmall);
  const auto ids = random_ids(300, kSmall.vocab);
  Digest digest;
  for (const auto storage : {kvcache::Storage::kFloat32, kvcache::Storage::kFloat16, kvcache::Storage::kInt8}) {
    kvcache::Policy policy = kStream;
    policy.storage = storage;
    nn::TestCompute one, three(nullptr, 3);
    Decoder first(model, {policy}, one.compute), second(model, {policy, WeightFormat::kFloat32, 2}, three.compute);
    const auto want = fed(first, ids, 300);
    EXPECT_EQ(fed(second, ids, 9), want);
    EXPECT_EQ(second.tokens().size(), 300U);
    digest.add(std::span<const float>(want));
    // Side by side with another sequence, and after a step back.
    Tensor logits(Shape{2, kSmall.vocab});
    second.truncate(299);
    const NextToken both[] = {{1, 5}, {0, ids[299]}};
    second.step(both, logits.matrix());
    EXPECT_TRUE(std::equal(want.end() - kSmall.vocab, want.end(), logits.matrix().row(1)));
  }
  EXPECT_EQ(digest.hex(), "0b1893a1d73f7436");
}

TEST(StreamDecoder, GoesOnForThousandsOfTokensInTheSameMemory) {
  Lm model = random_model(kSmall);
  nn::TestCompute compute;
  Decoder decoder(model, {kStream}, compute.compute);
  const auto ids = random_ids(4, kSmall.vocab);
  std::size_t before = 0;
  const auto on_token = [&](const NewToken& token) {
    if (token.index == 100) before = memory::figures().current;
    return true;
  };
  const Generation text = generate(decoder, ids, {.count = 3000}, nullptr, on_token);
  EXPECT_EQ(text.ids.size(), 3000U);
  EXPECT_EQ(text.stop, Stop::kCount);
  EXPECT_EQ(text.shifts, 0);
  EXPECT_EQ(memory::figures().current, before);
  EXPECT_EQ(decoder.cache().kept(), 24);
  // What it wrote is a function of what is kept: the same tokens fed at once lead to the same next one.
  Decoder again(model, {kStream}, compute.compute);
  std::vector<std::int32_t> all = ids;
  all.insert(all.end(), text.ids.begin(), text.ids.end());
  const auto last = again.feed(std::span(all).first(all.size() - 1));
  EXPECT_TRUE(std::equal(last.begin(), last.end(), decoder.logits().begin()));
}

TEST(StreamDecoder, PredictsATextInOnePiece) {
  Lm model = random_model(kSmall);
  const auto text = random_ids(500, kSmall.vocab);
  nn::TestCompute compute;
  Decoder decoder(model, {kStream}, compute.compute), absolute(model, {{.window = 20, .sinks = 4}}, compute.compute);
  const LmEvaluation whole = evaluate(decoder, text, 500, 500, compute.compute.context.pool);
  EXPECT_EQ(whole.tokens, 500U);
  EXPECT_EQ(decoder.cache().length(), 499);  // nothing follows the last one
  Perplexity steps(decoder, text, 500, 500);
  while (steps.step(17, compute.compute.context.pool)) {
  }
  EXPECT_EQ(steps.nats(), whole.nats);
  EXPECT_THROW(Perplexity(absolute, text, 500, 500), std::invalid_argument);
}

TEST(StreamDecoder, ShowsWhereItLooks) {
  Lm model = random_model(kSmall);
  const auto ids = random_ids(48, kSmall.vocab);
  nn::TestCompute compute;
  Decoder full(model, {}, compute.compute), stream(model, {{.stream = true}}, compute.compute);
  const Tensor want = attention_map(full, ids), got = attention_map(stream, ids);
  EXPECT_TRUE(std::equal(want.values().begin(), want.values().end(), got.values().begin()));
  Decoder short_one(model, {kStream}, compute.compute);
  const Tensor map = attention_map(short_one, ids);
  for (int row = 0; row < 2 * 4 * 48; ++row) {
    const float* p = map.values().data() + static_cast<std::ptrdiff_t>(row) * 48;
    float sum = 0.0F;
    for (int k = 0; k < 48; ++k) sum += p[k];
    EXPECT_NEAR(sum, 1.0F, 1e-5F);
    EXPECT_GT(p[0], 0.0F);
    EXPECT_EQ(p[4] == 0.0F, row % 48 != 4 && (row % 48 < 4 || row % 48 >= 24));
  }
}

}  // namespace
}  // namespace optlab::lm
