#include "lm/regroup.h"

#include <algorithm>

#include "core/error.h"

namespace optlab::lm {
namespace {

/// Heads `to_heads` of `size` columns in `to`, from `from_heads` in `from`.
void regroup_heads(ConstMatrixView from, int from_heads, MatrixView to, int to_heads, int size) {
  const int pooled = std::max(from_heads / to_heads, 1), copies = std::max(to_heads / from_heads, 1);
  const float share = 1.0F / static_cast<float>(pooled);
  for (int row = 0; row < to.rows; ++row) {
    for (int column = 0; column < to.columns; ++column) {
      const int first = column / size / copies * pooled;
      float sum = 0.0F;
      for (int i = 0; i < pooled; ++i) sum += from.row(row)[(first + i) * size + column % size];
      to.row(row)[column] = pooled == 1 ? from.row(row)[first * size + column % size] : sum * share;
    }
  }
}

}  // namespace

Lm regroup(Lm& model, int kv_heads) {
  LmConfig config = model.config();
  const int before = config.kv_heads;
  if (kv_heads < 1 || config.heads % kv_heads != 0 || (before % kv_heads != 0 && kv_heads % before != 0)) {
    throw_invalid({"regroup: ", kv_heads, " key and value heads of ", before, "; want a number that divides the ",
                   config.heads, " query heads, and divides or is divided by ", before});
  }
  config.kv_heads = kv_heads;
  Lm copy(config);
  const std::vector<nn::Parameter*> from = model.parameters(), to = copy.parameters();
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::span<const float> values = from[i]->value.values();
    if (values.size() == to[i]->size()) std::copy(values.begin(), values.end(), to[i]->value.values().begin());
  }
  const int size = config.dim / config.heads;
  for (int l = 0; l < config.layers; ++l) {
    const ConstMatrixView old = model.attention(l).parameters()[0]->value.matrix();
    const MatrixView made = copy.attention(l).parameters()[0]->value.matrix();
    const int rows = old.rows;
    regroup_heads(old.block(0, 0, rows, config.dim), config.heads, made.block(0, 0, rows, config.dim), config.heads,
                  size);
    for (const int part : {0, 1}) {  // keys, values
      regroup_heads(old.block(0, config.dim + part * before * size, rows, before * size), before,
                    made.block(0, config.dim + part * kv_heads * size, rows, kv_heads * size), kv_heads, size);
    }
  }
  return copy;
}

}  // namespace optlab::lm
