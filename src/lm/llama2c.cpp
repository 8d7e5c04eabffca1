#include "lm/llama2c.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>

#include "core/error.h"

namespace optlab::lm {
namespace {

constexpr std::uint32_t kLaterMagic = 0x616B3432;  // "ak42"
constexpr std::size_t kHeaderBytes = 7 * sizeof(std::int32_t);
constexpr int kMostPositions = 8192;

[[noreturn]] void refuse(const std::string& why) { throw DataError("llama2.c checkpoint: " + why); }

LmConfig read_header(std::span<const std::byte> file) {
  std::uint32_t first = 0;
  if (file.size() >= sizeof first) std::memcpy(&first, file.data(), sizeof first);
  if (first == kLaterMagic) {
    refuse(
        "it has version 1 or 2 of the format; only version 0, without a magic number, is read (export.py --version 0)");
  }
  if (file.size() < kHeaderBytes) {
    refuse(text({"the file has ", file.size(), " bytes; the header alone takes ", kHeaderBytes}));
  }
  std::int32_t fields[7];
  std::memcpy(fields, file.data(), sizeof fields);
  static constexpr const char* kNames[] = {"dim",        "hidden_dim", "n_layers", "n_heads",
                                           "n_kv_heads", "vocab_size", "seq_len"};
  constexpr std::int32_t kMost = 1 << 20;
  for (int i = 0; i < 7; ++i) {
    const std::int64_t size = i == 5 ? std::abs(std::int64_t{fields[i]}) : fields[i];
    if (size >= 1 && size <= kMost) continue;
    refuse(text({std::string(kNames[i]), " is ", fields[i], "; want 1 to ", kMost,
                 (i == 5 ? ", or the negative of that" : "")}));
  }
  const auto [dim, hidden, layers, heads, kv_heads, vocab, positions] = fields;
  if (dim % heads != 0 || heads % kv_heads != 0 || dim / heads % 2 != 0 || positions > kMostPositions) {
    refuse(text({"dim ", dim, ", n_heads ", heads, ", n_kv_heads ", kv_heads, ", seq_len ", positions,
                 "; want n_heads to divide dim, n_kv_heads to divide n_heads, an even dim/n_heads and seq_len up to ",
                 kMostPositions}));
  }
  return {.vocab = std::abs(vocab),
          .dim = dim,
          .layers = layers,
          .heads = heads,
          .kv_heads = kv_heads,
          .hidden = hidden,
          .positions = positions,
          .tied = vocab > 0};
}

/// Floats after the header, as a double: no product of the bounded fields overflows it.
double float_count(const LmConfig& c) {
  const double dim = c.dim, kv = dim / c.heads * c.kv_heads, hidden = c.hidden, vocab = c.vocab;
  const double layer = 2 * dim + 2 * dim * dim + 2 * dim * kv + 3 * dim * hidden;
  return (c.tied ? 1 : 2) * vocab * dim + c.layers * layer + dim + static_cast<double>(c.positions) * (dim / c.heads);
}

/// Takes tensors from the front of the file.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> file) : rest_(file) {}

  void skip(std::size_t floats) { rest_ = rest_.subspan(floats * sizeof(float)); }
  void take(std::span<float> to) {
    std::memcpy(to.data(), rest_.data(), to.size_bytes());
    skip(to.size());
  }
  /// Wᵀ of W [rows, columns] to the columns of `to` [columns, …] from `first` on.
  void take_transposed(int rows, int columns, MatrixView to, int first) {
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < columns; ++c) {
        std::memcpy(&to(c, first + r), rest_.data() + (static_cast<std::size_t>(r) * columns + c) * sizeof(float),
                    sizeof(float));
      }
    }
    skip(static_cast<std::size_t>(rows) * columns);
  }

 private:
  std::span<const std::byte> rest_;
};

void read_weights(Reader& reader, Lm& model) {
  const LmConfig& c = model.config();
  const int kv = c.dim / c.heads * c.kv_heads;
  const auto for_each_layer = [&](const auto& body) {
    for (int l = 0; l < c.layers; ++l) body(l);
  };
  const auto parameter = [](nn::Layer& layer, int i) -> Tensor& { return layer.parameters()[i]->value; };
  const auto qkv = [&](int l) { return parameter(model.attention(l), 0).matrix(); };
  const auto gate_up = [&](int l) { return parameter(model.feed_forward(l), 0).matrix(); };
  reader.take(model.embedding().table().value.values());
  for_each_layer([&](int l) { reader.take(parameter(model.attention_norm(l), 0).values()); });
  for_each_layer([&](int l) { reader.take_transposed(c.dim, c.dim, qkv(l), 0); });
  for_each_layer([&](int l) { reader.take_transposed(kv, c.dim, qkv(l), c.dim); });
  for_each_layer([&](int l) { reader.take_transposed(kv, c.dim, qkv(l), c.dim + kv); });
  for_each_layer([&](int l) { reader.take_transposed(c.dim, c.dim, parameter(model.attention(l), 1).matrix(), 0); });
  for_each_layer([&](int l) { reader.take(parameter(model.feed_forward_norm(l), 0).values()); });
  for_each_layer([&](int l) { reader.take_transposed(c.hidden, c.dim, gate_up(l), 0); });
  for_each_layer(
      [&](int l) { reader.take_transposed(c.dim, c.hidden, parameter(model.feed_forward(l), 1).matrix(), 0); });
  for_each_layer([&](int l) { reader.take_transposed(c.hidden, c.dim, gate_up(l), c.hidden); });
  reader.take(parameter(model.final_norm(), 0).values());
  reader.skip(static_cast<std::size_t>(c.positions) * (c.dim / c.heads));
  if (!c.tied) reader.take(model.classifier().table().value.values());
}

}  // namespace

Lm lm_from_llama2c(std::span<const std::byte> file) {
  const LmConfig config = read_header(file);
  const double want = static_cast<double>(kHeaderBytes) + sizeof(float) * float_count(config);
  if (static_cast<double>(file.size()) != want) {
    refuse(text({"the file has ", file.size(), " bytes; its header asks for ", static_cast<std::uint64_t>(want)}));
  }
  std::optional<Lm> model;
  try {
    model.emplace(config);
  } catch (const std::invalid_argument& error) {
    refuse(error.what());
  }
  Reader reader(file.subspan(kHeaderBytes));
  read_weights(reader, *model);
  return std::move(*model);
}

}  // namespace optlab::lm
