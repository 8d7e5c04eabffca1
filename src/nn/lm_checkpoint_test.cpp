#include "nn/lm_checkpoint.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "core/error.h"
#include "nn/float16.h"
#include "nn/llama2c.h"
#include "nn/test_support.h"

namespace optlab::nn {
namespace {

constexpr LmConfig kSmall{
    .vocab = 19, .dim = 24, .layers = 2, .heads = 4, .kv_heads = 2, .hidden = 20, .positions = 16};

using Bytes = std::vector<std::byte>;

void append(Bytes& bytes, const void* data, std::size_t size) {
  const auto* from = static_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), from, from + size);
}

TEST(LmCheckpoint, SurvivesSafetensors) {
  for (const bool tied : {true, false}) {
    LmConfig config = kSmall;
    config.tied = tied;
    Lm model(config);
    model.initialize(1);
    Lm read = lm_from_safetensors(to_safetensors(model, false, {{"note", "x"}}));
    EXPECT_EQ(read.config(), config);
    EXPECT_EQ(read.parameter_digest(), model.parameter_digest());
    // As F16: every value the nearest half.
    Lm halved = lm_from_safetensors(to_safetensors(model, true));
    for (std::size_t i = 0; i < model.parameters().size(); ++i) {
      const auto want = model.parameters()[i]->value.values(), got = halved.parameters()[i]->value.values();
      for (std::size_t j = 0; j < want.size(); ++j) EXPECT_EQ(got[j], from_half(to_half(want[j])));
    }
  }
  Lm model(kSmall);
  const auto full = to_safetensors(model, false), half = to_safetensors(model, true);
  EXPECT_GT(full.size() - half.size(), 2 * model.parameter_count() - 16);
  EXPECT_MESSAGE(std::invalid_argument, to_safetensors(model, false, {{"dim", "3"}}), "have \"dim\" already");
}

/// A file of the given metadata and, as float32 zeros, the tensors of a model.
Bytes file_with(const SafetensorsMetadata& metadata, std::size_t tensors = 100) {
  Lm model(kSmall);
  std::vector<SafetensorsSource> sources;
  for (Parameter* p : model.parameters()) {
    if (sources.size() == tensors) break;
    std::vector<int> shape;
    for (int axis = 0; axis < p->value.shape().rank(); ++axis) shape.push_back(p->value.shape()[axis]);
    sources.push_back({p->name, shape, p->value.values()});
  }
  return write_safetensors(sources, metadata);
}

SafetensorsMetadata small_metadata() {
  return {{"model", "lm"},   {"vocab", "19"},  {"dim", "24"},       {"layers", "2"}, {"heads", "4"},
          {"kv_heads", "2"}, {"hidden", "20"}, {"positions", "16"}, {"tied", "true"}};
}

TEST(LmCheckpoint, RefusesOtherSafetensors) {
  EXPECT_EQ(lm_from_safetensors(file_with(small_metadata())).config(), kSmall);
  const auto refused = [](const char* key, const char* value, const char* wanted) {
    SafetensorsMetadata metadata = small_metadata();
    metadata[key] = value;
    EXPECT_MESSAGE(DataError, lm_from_safetensors(file_with(metadata)), wanted);
  };
  EXPECT_MESSAGE(DataError, lm_from_safetensors(file_with({})), "no \"model\"; is this a language model?");
  refused("model", "mlp", "\"model\" is \"mlp\"; \"lm\" is wanted");
  refused("dim", "24x", "\"dim\" is \"24x\"; want 1 to 1048576");
  refused("layers", "-1", "\"layers\" is \"-1\"");
  refused("layers", "1000000", "too small for the sizes");
  refused("heads", "5", "kv_heads to divide heads");
  refused("positions", "9000", "0 to 8192");
  refused("hidden", "21", "gate_up");
  refused("layers", "1", "14 tensors, but a model of 1 layers has 8");
  refused("tied", "yes", "want true or false");
  refused("tied", "false", "a model of 2 layers has");
  EXPECT_MESSAGE(DataError, lm_from_safetensors(file_with(small_metadata(), 9)), "9 tensors");
}

/// A checkpoint of llama2.c with random weights, and run.c's own arithmetic on it, token by token with a cache.
class Reference {
 public:
  explicit Reference(const LmConfig& config) : c_(config), kv_(c_.dim / c_.heads * c_.kv_heads) {
    const int dim = c_.dim, L = c_.layers;
    embedding_ = draw(c_.vocab * dim);
    attention_norm_ = draw(L * dim);
    wq_ = draw(L * dim * dim);
    wk_ = draw(L * dim * kv_);
    wv_ = draw(L * dim * kv_);
    wo_ = draw(L * dim * dim);
    ffn_norm_ = draw(L * dim);
    w1_ = draw(L * dim * c_.hidden);
    w2_ = draw(L * dim * c_.hidden);
    w3_ = draw(L * dim * c_.hidden);
    norm_ = draw(dim);
    classifier_ = draw(c_.vocab * dim);
    keys_.resize(static_cast<std::size_t>(L) * static_cast<std::size_t>(c_.positions * kv_));
    values_.resize(keys_.size());
  }

  Bytes file() const {
    Bytes bytes;
    const std::int32_t header[] = {
        c_.dim, c_.hidden, c_.layers, c_.heads, c_.kv_heads, c_.tied ? c_.vocab : -c_.vocab, c_.positions};
    append(bytes, header, sizeof header);
    const std::vector<float> angles(static_cast<std::size_t>(c_.positions * (c_.dim / c_.heads)), 7.0F);
    for (const auto* part :
         {&embedding_, &attention_norm_, &wq_, &wk_, &wv_, &wo_, &ffn_norm_, &w1_, &w2_, &w3_, &norm_, &angles}) {
      append(bytes, part->data(), part->size() * sizeof(float));
    }
    if (!c_.tied) append(bytes, classifier_.data(), classifier_.size() * sizeof(float));
    return bytes;
  }

  /// forward() of run.c
  std::vector<float> logits(int token, int pos) {
    const int dim = c_.dim, size = dim / c_.heads;
    std::vector<float> x(embedding_.begin() + token * dim, embedding_.begin() + (token + 1) * dim);
    for (int l = 0; l < c_.layers; ++l) {
      const auto normed = rms_norm(x, &attention_norm_[l * dim]);
      float* key = &keys_[(l * c_.positions + pos) * kv_];
      float* value = &values_[(l * c_.positions + pos) * kv_];
      auto q = product(&wq_[l * dim * dim], normed, dim);
      const auto k = product(&wk_[l * dim * kv_], normed, kv_), v = product(&wv_[l * dim * kv_], normed, kv_);
      std::copy(k.begin(), k.end(), key);
      std::copy(v.begin(), v.end(), value);
      for (int i = 0; i < dim; i += 2) {
        const float frequency = 1.0F / std::pow(10000.0F, static_cast<float>(i % size) / static_cast<float>(size));
        const float angle = static_cast<float>(pos) * frequency;
        turn(&q[i], std::cos(angle), std::sin(angle));
        if (i < kv_) turn(key + i, std::cos(angle), std::sin(angle));
      }
      add(x, product(&wo_[l * dim * dim], attend(q, l, pos), dim));
      const auto inner = rms_norm(x, &ffn_norm_[l * dim]);
      auto gate = product(&w1_[l * dim * c_.hidden], inner, c_.hidden);
      const auto up = product(&w3_[l * dim * c_.hidden], inner, c_.hidden);
      for (int i = 0; i < c_.hidden; ++i) gate[i] = gate[i] * (1.0F / (1.0F + std::exp(-gate[i]))) * up[i];
      add(x, product(&w2_[l * dim * c_.hidden], gate, dim));
    }
    return product((c_.tied ? embedding_ : classifier_).data(), rms_norm(x, norm_.data()), c_.vocab);
  }

 private:
  using Floats = std::vector<float>;

  Floats draw(int count) {
    Floats values(static_cast<std::size_t>(count));
    Rng(17, stream_++).fill_uniform(values, -0.5F, 0.5F);
    return values;
  }
  static void turn(float* pair, float cosine, float sine) {
    const float a = pair[0], b = pair[1];
    pair[0] = a * cosine - b * sine;
    pair[1] = a * sine + b * cosine;
  }
  static void add(Floats& x, const Floats& y) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
  }
  static Floats rms_norm(const Floats& x, const float* weight) {
    float sum = 0.0F;
    for (const float value : x) sum += value * value;
    const float r = 1.0F / std::sqrt(sum / static_cast<float>(x.size()) + 1e-5F);
    Floats y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = weight[i] * (r * x[i]);
    return y;
  }
  static Floats product(const float* w, const Floats& x, int rows) {
    Floats y(static_cast<std::size_t>(rows));
    for (int r = 0; r < rows; ++r) {
      for (std::size_t i = 0; i < x.size(); ++i) y[r] += w[r * x.size() + i] * x[i];
    }
    return y;
  }
  Floats attend(const Floats& q, int l, int pos) const {
    const int size = c_.dim / c_.heads, group = c_.heads / c_.kv_heads;
    Floats out(static_cast<std::size_t>(c_.dim));
    for (int h = 0; h < c_.heads; ++h) {
      Floats scores(static_cast<std::size_t>(pos) + 1);
      float most = -1e30F, sum = 0.0F;
      for (int t = 0; t <= pos; ++t) {
        const float* k = &keys_[(l * c_.positions + t) * kv_ + h / group * size];
        for (int i = 0; i < size; ++i) scores[t] += q[h * size + i] * k[i];
        scores[t] /= std::sqrt(static_cast<float>(size));
        most = std::max(most, scores[t]);
      }
      for (float& score : scores) sum += score = std::exp(score - most);
      for (int t = 0; t <= pos; ++t) {
        const float* v = &values_[(l * c_.positions + t) * kv_ + h / group * size];
        for (int i = 0; i < size; ++i) out[h * size + i] += scores[t] / sum * v[i];
      }
    }
    return out;
  }

  LmConfig c_;
  int kv_;
  std::uint32_t stream_ = 0;
  Floats embedding_, attention_norm_, wq_, wk_, wv_, wo_, ffn_norm_, w1_, w2_, w3_, norm_, classifier_;
  Floats keys_, values_;
};

TEST(Llama2c, LogitsAreThoseOfItsOwnArithmetic) {
  TestCompute threads(nullptr, 2);
  for (const bool tied : {true, false}) {
    for (const int kv_heads : {1, 2, 4}) {
      LmConfig config = kSmall;
      config.tied = tied;
      config.kv_heads = kv_heads;
      Reference reference(config);
      Lm model = lm_from_llama2c(reference.file());
      EXPECT_EQ(model.config(), config);
      std::vector<std::int32_t> ids;
      for (int t = 0; t < config.positions; ++t) ids.push_back(t * 7 % config.vocab);
      Tensor logits(Shape{config.positions, config.vocab});
      model.logits(ids, config.positions, logits.matrix(), threads.compute);
      for (int t = 0; t < config.positions; ++t) {
        const auto want = reference.logits(ids[t], t);
        const std::span<const float> got(logits.matrix().row(t), want.size());
        // Both round: theirs serially, ours norms in stripes, and its own exp, cos and sin.
        for (std::size_t j = 0; j < want.size(); ++j) EXPECT_NEAR(got[j], want[j], 1e-4) << t << " " << j;
        EXPECT_EQ(argmax(got), argmax(want)) << t;
      }
    }
  }
}

TEST(Llama2c, SurvivesAsSafetensors) {
  Reference reference(kSmall);
  Lm model = lm_from_llama2c(reference.file());
  EXPECT_EQ(lm_from_safetensors(to_safetensors(model, false)).parameter_digest(), model.parameter_digest());
}

TEST(Llama2c, RefusesOtherFiles) {
  const Bytes file = Reference(kSmall).file();
  const auto refused = [&](int field, std::int32_t value, const char* wanted) {
    Bytes other = file;
    std::memcpy(other.data() + 4 * field, &value, sizeof value);
    EXPECT_MESSAGE(DataError, lm_from_llama2c(other), wanted);
  };
  refused(0, 0x616B3432, "version 1 or 2");
  refused(0, 0, "dim is 0; want 1 to 1048576");
  refused(0, 25, "n_heads to divide dim");
  refused(1, -3, "hidden_dim is -3");
  refused(2, 0x7FFFFFFF, "n_layers is 2147483647");
  refused(3, 3, "n_kv_heads to divide n_heads");
  refused(4, 3, "n_kv_heads to divide n_heads");
  refused(5, 0, "vocab_size is 0; want 1 to 1048576, or the negative");
  refused(5, std::numeric_limits<std::int32_t>::min(), "vocab_size is -2147483648");
  refused(5, -19, "its header asks for");  // a classifier that isn't there
  refused(6, 8193, "seq_len up to 8192");
  refused(2, 1 << 20, "its header asks for");  // and no memory is taken for it
  EXPECT_MESSAGE(DataError, lm_from_llama2c(std::span(file).first(20)), "20 bytes; the header alone takes 28");
  EXPECT_MESSAGE(DataError, lm_from_llama2c({}), "0 bytes");
  EXPECT_MESSAGE(DataError, lm_from_llama2c(std::span(file).first(file.size() - 1)), "its header asks for");
  Bytes longer = file;
  longer.push_back({});
  EXPECT_MESSAGE(DataError, lm_from_llama2c(longer), "its header asks for");
}

}  // namespace
}  // namespace optlab::nn
