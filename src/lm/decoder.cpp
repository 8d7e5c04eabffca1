#include "lm/decoder.h"

#include <algorithm>

#include "core/error.h"
#include "nn/forward_kernels.h"
#include "nn/projection.h"
#include "nn/workers.h"

namespace optlab::lm {
namespace {

ConstMatrixView weight_of(nn::Layer& layer, std::size_t index) { return layer.parameters()[index]->value.matrix(); }

kvcache::Sizes cache_sizes(const LmConfig& c) {
  return {.layers = c.layers, .kv_heads = c.kv_heads, .head_size = c.dim / c.heads, .positions = c.positions};
}

MatrixView rows_of(Tensor& tensor, int rows) { return tensor.matrix().block(0, 0, rows, tensor.shape()[1]); }

void check_logits(MatrixView logits, std::size_t rows, int vocab) {
  if (static_cast<std::size_t>(logits.rows) == rows && logits.columns == vocab && logits.column_stride == 1) return;
  throw_invalid(
      {"Decoder: logits are ", format_shape({logits.rows, logits.columns}), "; want [", rows, ",", vocab, "]"});
}

}  // namespace

Decoder::Decoder(Lm& model, const DecoderOptions& options, const nn::Compute& compute)
    : model_(model),
      compute_(compute),
      rows_(attention::best_rows(compute.threads())),
      classifier_(model.classifier().table().value.matrix().transposed(), options.weights, compute),
      logits_(Shape{1, model.config().vocab}) {
  if (options.sequences < 1) throw_invalid({"Decoder: ", options.sequences, " sequences; want at least one"});
  sequences_.reserve(static_cast<std::size_t>(options.sequences));
  for (int s = 0; s < options.sequences; ++s) {
    sequences_.push_back({kvcache::KvCache(cache_sizes(config()), options.cache), {}});
    sequences_.back().tokens.reserve(static_cast<std::size_t>(config().positions));
  }
  blocks_.reserve(static_cast<std::size_t>(config().layers));
  for (int l = 0; l < config().layers; ++l) {
    const auto copy = [&](nn::Layer& layer, std::size_t index) {
      return DecodeWeight(weight_of(layer, index), options.weights, compute);
    };
    nn::SelfAttention& attention = model.attention(l);
    nn::SwiGlu& feed_forward = model.feed_forward(l);
    blocks_.push_back({copy(attention, 0), copy(attention, 1), copy(feed_forward, 0), copy(feed_forward, 1)});
  }
  parts_.reserve(sequences_.size());
  ids_.reserve(sequences_.size());
  reserve(1);
}

std::size_t Decoder::weight_bytes() const {
  std::size_t bytes = classifier_.bytes();
  for (const Block& block : blocks_) {
    bytes += block.joint.bytes() + block.output.bytes() + block.gate_up.bytes() + block.down.bytes();
  }
  const auto norms = 2 * static_cast<std::size_t>(config().layers) + 1;
  return bytes + norms * static_cast<std::size_t>(config().dim) * sizeof(float);
}

void Decoder::reserve(int rows) {
  const LmConfig& c = config();
  nn::detail::require_rows(x_, rows, c.dim);
  nn::detail::require_rows(normed_, rows, c.dim);
  nn::detail::require_rows(projected_, rows, model_.attention(0).sizes().projected());
  nn::detail::require_rows(attended_, rows, c.dim);
  nn::detail::require_rows(gates_, rows, 2 * c.hidden);
  nn::detail::require_rows(hidden_, rows, c.hidden);
  nn::detail::require_rows(product_, rows, c.dim);
}

std::size_t Decoder::index_of(int sequence) const {
  if (sequence < 0 || sequence >= sequences()) {
    throw_invalid({"Decoder: sequence ", sequence, "; want 0 to ", sequences() - 1});
  }
  return static_cast<std::size_t>(sequence);
}

std::span<const float> Decoder::feed(std::span<const std::int32_t> ids, int sequence) {
  feed(ids, logits_.matrix(), false, sequence);
  return logits_.values();
}

std::span<const float> Decoder::feed(std::int32_t id, OnAttention on_attention) {
  struct Told {
    const OnAttention*& by;
    ~Told() { by = nullptr; }
  } told{on_attention_};
  on_attention_ = &on_attention;
  return feed(std::span(&id, 1));
}

void Decoder::feed_all(std::span<const std::int32_t> ids, MatrixView logits, int sequence) {
  check_logits(logits, ids.size(), config().vocab);
  feed(ids, logits, true, sequence);
}

void Decoder::check(std::span<const std::int32_t> ids, int sequence) const {
  const std::size_t seen = tokens(sequence).size();
  if (ids.empty() || ids.size() > static_cast<std::size_t>(most_tokens()) - seen) {
    throw_invalid({"Decoder: ", ids.size(), " tokens after ", seen, "; want at least one, and at most ", most_tokens(),
                   " in all"});
  }
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= config().vocab) throw_invalid({"Decoder: id ", id, "; want 0 to ", config().vocab - 1});
  }
}

/// Logits of all `ids`, or one row for the last of them.
void Decoder::feed(std::span<const std::int32_t> ids, MatrixView logits, bool all, int sequence) {
  check(ids, sequence);
  const auto count = static_cast<int>(ids.size());
  reserve(std::min(count, kChunk));
  try {
    for (int done = 0; done < count; done += kChunk) {
      const int rows = std::min(kChunk, count - done);
      MatrixView to = all ? logits.block(done, 0, rows, logits.columns) : logits;
      if (!all && done + rows < count) to.rows = 0;
      parts_.assign(1, {sequence, rows});
      run(ids.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(rows)), to);
    }
  } catch (...) {  // memory is out: some layers have seen more than others
    truncate(0, sequence);
    throw;
  }
}

void Decoder::step(std::span<const NextToken> tokens, MatrixView logits) {
  check_logits(logits, tokens.size(), config().vocab);
  if (tokens.empty()) return;
  parts_.clear();
  ids_.clear();
  for (const auto& [sequence, id] : tokens) {
    check(std::span(&id, 1), sequence);
    for (const Part& part : parts_) {
      if (part.sequence == sequence) throw_invalid({"Decoder: sequence ", sequence, " twice in a step"});
    }
    parts_.push_back({sequence, 1});
    ids_.push_back(id);
  }
  reserve(static_cast<int>(tokens.size()));
  try {
    run(ids_, logits);
  } catch (...) {
    for (const Part& part : parts_) truncate(0, part.sequence);
    throw;
  }
}

/// The logits of the last logits.rows tokens.
void Decoder::run(std::span<const std::int32_t> ids, MatrixView logits) {
  const auto rows = static_cast<int>(ids.size());
  const MatrixView x = rows_of(x_, rows);
  model_.embedding().look_up(ids, x, compute_);
  for (int l = 0; l < config().layers; ++l) {
    attend(l, x);
    feed_forward(l, x);
  }
  std::size_t done = 0;
  for (const Part& part : parts_) {
    const auto own = ids.subspan(done, static_cast<std::size_t>(part.rows));
    std::vector<std::int32_t>& tokens = sequences_[index_of(part.sequence)].tokens;
    tokens.insert(tokens.end(), own.begin(), own.end());
    done += own.size();
  }
  if (logits.rows == 0) return;
  const MatrixView normed = rows_of(normed_, logits.rows);
  norm(model_.final_norm(), x.block(rows - logits.rows, 0, logits.rows, x.columns), normed);
  classifier_.multiply(normed, logits, compute_, scratch_);
}

void Decoder::norm(nn::RmsNorm& by, ConstMatrixView x, MatrixView y) {
  attention::rms_norm(rows_, x, by.weight(), by.epsilon(), y, compute_.context.pool);
}

void Decoder::attend(int layer, MatrixView x) {
  const nn::SelfAttention& attention = model_.attention(layer);
  const Block& block = blocks_[static_cast<std::size_t>(layer)];
  const MatrixView normed = rows_of(normed_, x.rows), projected = rows_of(projected_, x.rows);
  const MatrixView attended = rows_of(attended_, x.rows);
  norm(model_.attention_norm(layer), x, normed);
  block.joint.multiply(normed, projected, compute_, scratch_);
  attention::Context context{compute_.context.pool, compute_.context.scratch};
  const nn::AttentionSizes& sizes = attention.sizes();
  int first = 0;
  for (const auto& [sequence, rows] : parts_) {
    const MatrixView own = projected.block(first, 0, rows, projected.columns);
    kvcache::KvCache& cache = sequences_[index_of(sequence)].cache;
    if (cache.policy().stream) {
      cache.rotate(layer, attention.queries(own), context.pool);  // and the keys when they are read
    } else {
      attention.rotate(own, cache.length(layer), compute_);
    }
    const attention::Heads out = attention::heads_view(attended.row(first), rows, sizes.heads, sizes.head_size());
    cache.extend(layer, attention.queries(own), attention.keys(own), attention.values(own), out, context,
                 nn::detail::mode_of(compute_));
    if (on_attention_ != nullptr) (*on_attention_)(layer, attention.queries(own), out);
    first += rows;
  }
  block.output.multiply(attended, rows_of(product_, x.rows), compute_, scratch_);
  add(x);
}

void Decoder::feed_forward(int layer, MatrixView x) {
  constexpr double kFlops = 30.0;  // an element of the hidden row, an exp counted as 20
  const Block& block = blocks_[static_cast<std::size_t>(layer)];
  const int F = config().hidden;
  const MatrixView normed = rows_of(normed_, x.rows), gates = rows_of(gates_, x.rows);
  const MatrixView hidden = rows_of(hidden_, x.rows);
  norm(model_.feed_forward_norm(layer), x, normed);
  block.gate_up.multiply(normed, gates, compute_, scratch_);
  const nn::detail::ForwardKernels& kernels = nn::detail::forward_kernels();
  nn::detail::for_rows(compute_.context.pool, x.rows, kFlops * F,
                       [&](int m) { kernels.swiglu(gates.row(m), gates.row(m) + F, F, hidden.row(m)); });
  block.down.multiply(hidden, rows_of(product_, x.rows), compute_, scratch_);
  add(x);
}

void Decoder::add(MatrixView x) {
  const MatrixView product = rows_of(product_, x.rows);
  nn::detail::forward_kernels().add(x.data, product.data, x.rows * x.columns, x.data);
}

void Decoder::truncate(int length, int sequence) {
  auto& [cache, tokens] = sequences_[index_of(sequence)];
  cache.truncate(length);
  tokens.resize(static_cast<std::size_t>(length));
}

int Decoder::reuse(std::span<const std::int32_t> ids, int sequence) {
  const std::span<const std::int32_t> tokens = this->tokens(sequence);  // until they are truncated
  const std::size_t most = std::min(tokens.size(), ids.empty() ? 0 : ids.size() - 1);
  const auto same = std::mismatch(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(most), ids.begin());
  const auto length = static_cast<int>(same.first - tokens.begin());
  const int kept = can_truncate(length, sequence) ? length : 0;
  truncate(kept, sequence);
  return kept;
}

}  // namespace optlab::lm
