#include "lm/decoder.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/digest.h"
#include "core/float16.h"
#include "core/memory.h"
#include "lm/llama2c.h"
#include "lm/llama2c_reference.h"
#include "lm/lm_trainer.h"
#include "lm/random_lm.h"
#include "nn/test_support.h"

namespace optlab::lm {
namespace {

constexpr LmConfig kSmall{
    .vocab = 37, .dim = 24, .layers = 2, .heads = 4, .kv_heads = 2, .hidden = 44, .positions = 150};

std::vector<float> uncached(Lm& model, std::span<const std::int32_t> ids, const nn::Compute& compute) {
  Tensor logits(Shape{static_cast<int>(ids.size()), model.config().vocab});
  model.logits(ids, static_cast<int>(ids.size()), logits.matrix(), compute);
  return {logits.values().begin(), logits.values().end()};
}

/// All logits, the ids fed in chunks.
std::vector<float> cached(Decoder& decoder, std::span<const std::int32_t> ids, const std::vector<int>& chunks) {
  const int vocab = decoder.config().vocab;
  Tensor logits(Shape{static_cast<int>(ids.size()), vocab});
  for (std::size_t done = 0, i = 0; done < ids.size(); ++i) {
    const std::size_t count = std::min(static_cast<std::size_t>(chunks[i % chunks.size()]), ids.size() - done);
    const MatrixView to = logits.matrix().block(static_cast<int>(done), 0, static_cast<int>(count), vocab);
    if (i % 2 == 0) {
      decoder.feed_all(ids.subspan(done, count), to);
    } else {  // as generation does; only the last row
      for (std::size_t t = 0; t < count; ++t) {
        const auto row = decoder.feed(ids.subspan(done + t, 1));
        std::copy(row.begin(), row.end(), to.row(static_cast<int>(t)));
      }
    }
    done += count;
  }
  return {logits.values().begin(), logits.values().end()};
}

TEST(Decoder, LogitsAreThoseWithoutACacheBitForBit) {
  for (const bool tied : {true, false}) {
    for (const int kv_heads : {4, 2, 1}) {
      LmConfig config = kSmall;
      config.tied = tied;
      config.kv_heads = kv_heads;
      Lm model = random_model(config);
      const auto ids = random_ids(config.positions, config.vocab);
      nn::TestCompute one;
      const auto want = uncached(model, ids, one.compute);
      for (const int threads : {1, 2, 3}) {
        nn::TestCompute compute(nullptr, threads);
        for (const std::vector<int>& chunks : {std::vector<int>{1}, {150}, {13, 5}, {140}}) {
          Decoder decoder(model, {}, compute.compute);
          EXPECT_EQ(cached(decoder, ids, chunks), want) << kv_heads << " " << threads << " " << chunks[0];
        }
      }
    }
  }
}

TEST(Decoder, AnyExactRungGivesTheSameBits) {
  Lm model = random_model(kSmall);
  const auto ids = random_ids(40, kSmall.vocab);
  nn::TestCompute one;
  const auto want = uncached(model, ids, one.compute);
  for (const gemm::Variant& variant : gemm::variants()) {
    if (!variant.supported() || variant.mode != gemm::Mode::kExact) continue;
    nn::TestCompute compute(variant, 2);
    Decoder decoder(model, {}, compute.compute);
    EXPECT_EQ(cached(decoder, ids, {7}), want) << variant.name;
  }
}

TEST(Decoder, NoFormatOrPolicyDependsOnChunksThreadsOrPlatform) {
  Lm model = random_model(kSmall);
  const auto ids = random_ids(100, kSmall.vocab);
  Digest digest;
  for (const WeightFormat weights : {WeightFormat::kFloat16, WeightFormat::kInt8, WeightFormat::kInt4}) {
    for (const kvcache::Policy& policy :
         {kvcache::Policy{}, kvcache::Policy{.window = 24, .sinks = 4, .storage = kvcache::Storage::kInt8}}) {
      nn::TestCompute one, three(nullptr, 3);
      Decoder first(model, {policy, weights}, one.compute), second(model, {policy, weights}, three.compute);
      const auto want = cached(first, ids, {100});
      EXPECT_EQ(cached(second, ids, {9, 30}), want) << name_of(weights);
      digest.add(std::span<const float>(want));
    }
  }
  EXPECT_EQ(digest.hex(), "41ba41077e71a8e4");
}

// Sequences of different lengths that join and leave, some fed with chunks in between.
TEST(Decoder, SequencesSideBySideAreEachAsIfAlone) {
  constexpr int kSequences = 5;
  Lm model = random_model(kSmall);
  const auto all = random_ids(150, kSmall.vocab);
  for (const WeightFormat weights : {WeightFormat::kFloat32, WeightFormat::kFloat16, WeightFormat::kInt8,
                                     WeightFormat::kInt4, WeightFormat::kInt8Dot}) {
    for (const kvcache::Policy& policy :
         {kvcache::Policy{}, kvcache::Policy{.window = 24, .sinks = 4, .storage = kvcache::Storage::kInt8}}) {
      nn::TestCompute one, two(nullptr, 2);
      Decoder together(model, {policy, weights, kSequences}, two.compute);
      std::vector<Decoder> alone;
      std::vector<std::span<const std::int32_t>> ids;
      for (int s = 0; s < kSequences; ++s) {
        ids.push_back(std::span(all).subspan(std::size_t{7} * static_cast<std::size_t>(s)));
        Decoder& own = alone.emplace_back(model, DecoderOptions{policy, weights}, one.compute);
        const auto prompt = ids.back().first(1 + std::size_t{11} * static_cast<std::size_t>(s));
        const auto want = own.feed(prompt), got = together.feed(prompt, s);
        EXPECT_TRUE(std::equal(want.begin(), want.end(), got.begin(), got.end()));
      }
      for (int t = 0; t < 20; ++t) {
        std::vector<NextToken> next;
        for (int s = kSequences - 1; s >= 0; --s) {  // in any order
          if ((t + s) % 4 == 0) continue;
          next.push_back({s, ids[static_cast<std::size_t>(s)][alone[static_cast<std::size_t>(s)].tokens().size()]});
        }
        Tensor logits(Shape{static_cast<int>(next.size()), kSmall.vocab});
        together.step(next, logits.matrix());
        for (std::size_t i = 0; i < next.size(); ++i) {
          const auto want = alone[static_cast<std::size_t>(next[i].sequence)].feed(std::span(&next[i].id, 1));
          EXPECT_TRUE(std::equal(want.begin(), want.end(), logits.matrix().row(static_cast<int>(i))))
              << name_of(weights) << " step " << t << " sequence " << next[i].sequence;
        }
      }
      const int length = together.cache(3).length() - 1;
      together.truncate(length, 3);
      EXPECT_EQ(together.tokens(3).size(), static_cast<std::size_t>(length));
      EXPECT_EQ(together.cache(3).length(), length);
      EXPECT_EQ(together.tokens(4).size(), alone[4].tokens().size());
    }
  }
}

TEST(Decoder, SequencesTakeACacheEachAndShareTheWeights) {
  Lm model = random_model(kSmall);
  nn::TestCompute compute;
  const auto bytes = [&](int sequences) {
    const std::size_t before = memory::figures().current;
    const Decoder decoder(model, {{.storage = kvcache::Storage::kFloat16}, WeightFormat::kInt8, sequences},
                          compute.compute);
    return memory::figures().current - before;
  };
  const std::size_t cache = kvcache::footprint({2, 2, 6, 150}, {.storage = kvcache::Storage::kFloat16}).total();
  EXPECT_EQ(bytes(4) - bytes(1), 3 * cache);
  Decoder decoder(model, {{}, WeightFormat::kFloat32, 2}, compute.compute);
  Tensor logits(Shape{2, kSmall.vocab});
  const NextToken twice[] = {{1, 3}, {1, 4}};
  EXPECT_MESSAGE(std::invalid_argument, decoder.step(twice, logits.matrix()), "sequence 1 twice in a step");
  const NextToken beyond[] = {{0, 3}, {2, 4}};
  EXPECT_MESSAGE(std::invalid_argument, decoder.step(beyond, logits.matrix()), "sequence 2; want 0 to 1");
  EXPECT_MESSAGE(std::invalid_argument, decoder.step(std::span(beyond).first(1), logits.matrix()), "want [1,37]");
  EXPECT_MESSAGE(std::invalid_argument, Decoder(model, {.sequences = 0}, compute.compute), "0 sequences");
  EXPECT_TRUE(decoder.tokens(0).empty() && decoder.tokens(1).empty());
}

/// The largest difference of two rows of logits, and of two models' weights.
TEST(Decoder, FormatsAreNearAndHalvesOfHalvesAreExact) {
  Lm model = random_model(kSmall);
  const auto ids = random_ids(60, kSmall.vocab);
  nn::TestCompute compute;
  const auto exact = uncached(model, ids, compute.compute);
  double spread = 0.0, before = 0.0;
  for (const float value : exact) spread = std::max(spread, std::fabs(double{value}));
  for (const WeightFormat weights :
       {WeightFormat::kFloat16, WeightFormat::kInt8, WeightFormat::kInt8Dot, WeightFormat::kInt4}) {
    Decoder decoder(model, {{}, weights}, compute.compute);
    const auto got = cached(decoder, ids, {60});
    double error = 0.0;
    for (std::size_t i = 0; i < got.size(); ++i) error = std::max(error, std::fabs(double{got[i]} - exact[i]));
    EXPECT_GT(error, before) << name_of(weights);  // each is coarser than the one before
    EXPECT_LT(error, spread);
    before = error;
  }
  for (nn::Parameter* p : model.parameters()) {
    for (float& value : p->value.values()) value = from_half(to_half(value));
  }
  Decoder decoder(model, {{}, WeightFormat::kFloat16}, compute.compute);
  EXPECT_EQ(cached(decoder, ids, {60}), uncached(model, ids, compute.compute));
}

TEST(Decoder, FastModeIsNear) {
  Lm model = random_model(kSmall);
  const auto ids = random_ids(60, kSmall.vocab);
  nn::TestCompute compute(nullptr, 2);
  const auto exact = uncached(model, ids, compute.compute);
  compute.compute.mode = gemm::Mode::kFast;
  Decoder decoder(model, {}, compute.compute);
  const auto got = cached(decoder, ids, {20});
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], exact[i], 1e-3);
}

TEST(Decoder, APrefixIsComputedOnce) {
  Lm model = random_model(kSmall);
  nn::TestCompute compute;
  const auto ids = random_ids(50, kSmall.vocab);
  std::vector<std::int32_t> other(ids.begin(), ids.end());
  other[30] = (other[30] + 1) % kSmall.vocab;
  Decoder decoder(model, {}, compute.compute), fresh(model, {}, compute.compute);
  decoder.feed(ids);
  EXPECT_EQ(decoder.reuse(other), 30);
  const auto got = decoder.feed(std::span<const std::int32_t>(other).subspan(30));
  const auto want = fresh.feed(other);
  EXPECT_TRUE(std::equal(got.begin(), got.end(), want.begin(), want.end()));
  EXPECT_TRUE(std::equal(other.begin(), other.end(), decoder.tokens().begin(), decoder.tokens().end()));
  EXPECT_EQ(decoder.reuse(other), 49);  // the last one is needed for its logits
  EXPECT_EQ(decoder.reuse(std::span(other).first(10)), 9);
  EXPECT_EQ(decoder.reuse({}), 0);
  // A window has lost what it would take.
  Decoder window(model, {{.window = 10}, WeightFormat::kFloat32}, compute.compute);
  window.feed(ids);
  EXPECT_EQ(window.reuse(ids), 49);
  EXPECT_EQ(window.reuse(other), 0);
}

TEST(Decoder, EvaluationIsThatOfTheModel) {
  Lm model = random_model(kSmall);
  nn::TestCompute compute(nullptr, 2);
  const auto text = random_ids(400, kSmall.vocab);
  Decoder decoder(model, {}, compute.compute), window(model, {{.window = 8}, {}}, compute.compute);
  for (const int stride : {10, 40}) {
    const LmEvaluation want = evaluate(model, text, 40, stride, compute.compute);
    const LmEvaluation got = evaluate(decoder, text, 40, stride, compute.pool);
    EXPECT_EQ(got.tokens, want.tokens);
    EXPECT_EQ(got.nats, want.nats);
    EXPECT_NE(evaluate(window, text, 40, stride, compute.pool).nats, want.nats);
  }
  EXPECT_MESSAGE(std::invalid_argument, evaluate(decoder, text, 151, 1, compute.pool), "context of 151");
}

TEST(Decoder, MemoryIsWhatItSays) {
  Lm model = random_model(kSmall);
  nn::TestCompute compute;
  const auto ids = random_ids(20, kSmall.vocab);
  for (const kvcache::Policy& policy : {kvcache::Policy{}, kvcache::Policy{.storage = kvcache::Storage::kInt8}}) {
    Decoder decoder(model, {policy, WeightFormat::kInt8}, compute.compute);
    decoder.feed(std::span(ids).first(1));
    decoder.feed(std::span(ids).subspan(1, 1));
    const std::size_t before = memory::figures().allocations;
    for (std::size_t i = 2; i < 20; ++i) decoder.feed(std::span(ids).subspan(i, 1));
    EXPECT_LE(memory::figures().allocations, before + 2);  // the scores of more keys: scratch grows by panels
    EXPECT_EQ(decoder.cache().footprint().total(), kvcache::footprint({2, 2, 6, 150}, policy).total());
  }
  // dim → 48, dim → dim, dim → 88, 44 → dim, dim → 37 (whole panels of 16), each with a scale a column; five norms.
  const std::size_t layer = 24 * 48 + 4 * 48 + 24 * 32 + 4 * 32 + 24 * 96 + 4 * 96 + 44 * 32 + 4 * 32;
  Decoder decoder(model, {{}, WeightFormat::kInt8}, compute.compute);
  EXPECT_EQ(decoder.weight_bytes(), 2 * layer + 24 * 48 + 4 * 48 + 5 * 24 * 4);
}

TEST(Decoder, Refuses) {
  Lm model = random_model(kSmall);
  nn::TestCompute compute;
  Decoder decoder(model, {}, compute.compute);
  EXPECT_MESSAGE(std::invalid_argument, decoder.feed({}), "0 tokens after 0");
  const std::vector<std::int32_t> wrong = {1, 37};
  EXPECT_MESSAGE(std::invalid_argument, decoder.feed(wrong), "id 37; want 0 to 36");
  decoder.feed(random_ids(149, kSmall.vocab));
  EXPECT_MESSAGE(std::invalid_argument, decoder.feed(random_ids(2, kSmall.vocab)), "2 tokens after 149");
  Tensor logits(Shape{3, 36});
  EXPECT_MESSAGE(std::invalid_argument, decoder.feed_all(random_ids(3, kSmall.vocab), logits.matrix()),
                 "logits are [3,36]");
  EXPECT_EQ(decoder.tokens().size(), 149U);
  EXPECT_MESSAGE(std::invalid_argument, decoder.truncate(150), "to 150");
  EXPECT_MESSAGE(std::invalid_argument, weight_format_named("bf16"), "there are f32, fp16, int8, int4, int8-dot");
  EXPECT_MESSAGE(std::invalid_argument, Decoder(model, {{.sinks = 2}, {}}, compute.compute), "only beside a window");
}

TEST(Decoder, GoesOnAsLlama2cWould) {
  for (const bool tied : {true, false}) {
    LmConfig config = kSmall;
    config.tied = tied;
    Llama2cReference reference(config);
    Lm model = lm_from_llama2c(reference.file());
    nn::TestCompute compute(nullptr, 2);
    Decoder decoder(model, {}, compute.compute);
    std::int32_t ours = 1, theirs = 1;
    float margin = 1e30F;
    for (int t = 0; t < 140; ++t) {
      auto want = reference.logits(theirs, t);
      ours = argmax(decoder.feed(std::span(&ours, 1)));
      theirs = argmax(want);
      ASSERT_EQ(ours, theirs) << t;
      std::nth_element(want.begin(), want.end() - 2, want.end());
      margin = std::min(margin, *std::max_element(want.end() - 1, want.end()) - *(want.end() - 2));
    }
    EXPECT_GT(margin, 1e-4F);  // no draw that rounding decides
  }
}

}  // namespace
}  // namespace optlab::lm
