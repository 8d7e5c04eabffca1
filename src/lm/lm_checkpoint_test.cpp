#include "lm/lm_checkpoint.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "core/error.h"
#include "core/float16.h"
#include "lm/llama2c.h"
#include "lm/llama2c_reference.h"
#include "nn/test_support.h"

namespace optlab::lm {
namespace {

constexpr LmConfig kSmall{
    .vocab = 19, .dim = 24, .layers = 2, .heads = 4, .kv_heads = 2, .hidden = 20, .positions = 16};

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
Bytes file_with(const checkpoint::SafetensorsMetadata& metadata, std::size_t tensors = 100) {
  Lm model(kSmall);
  std::vector<checkpoint::SafetensorsSource> sources;
  for (nn::Parameter* p : model.parameters()) {
    if (sources.size() == tensors) break;
    std::vector<int> shape;
    for (int axis = 0; axis < p->value.shape().rank(); ++axis) shape.push_back(p->value.shape()[axis]);
    sources.push_back({p->name, shape, p->value.values()});
  }
  return checkpoint::write_safetensors(sources, metadata);
}

checkpoint::SafetensorsMetadata small_metadata() {
  return {{"model", "lm"},   {"vocab", "19"},  {"dim", "24"},       {"layers", "2"}, {"heads", "4"},
          {"kv_heads", "2"}, {"hidden", "20"}, {"positions", "16"}, {"tied", "true"}};
}

TEST(LmCheckpoint, RefusesOtherSafetensors) {
  EXPECT_EQ(lm_from_safetensors(file_with(small_metadata())).config(), kSmall);
  const auto refused = [](const char* key, const char* value, const char* wanted) {
    checkpoint::SafetensorsMetadata metadata = small_metadata();
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

TEST(Llama2c, LogitsAreThoseOfItsOwnArithmetic) {
  nn::TestCompute threads(nullptr, 2);
  for (const bool tied : {true, false}) {
    for (const int kv_heads : {1, 2, 4}) {
      LmConfig config = kSmall;
      config.tied = tied;
      config.kv_heads = kv_heads;
      Llama2cReference reference(config);
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
  Llama2cReference reference(kSmall);
  Lm model = lm_from_llama2c(reference.file());
  EXPECT_EQ(lm_from_safetensors(to_safetensors(model, false)).parameter_digest(), model.parameter_digest());
}

TEST(Llama2c, RefusesOtherFiles) {
  const Bytes file = Llama2cReference(kSmall).file();
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
}  // namespace optlab::lm
