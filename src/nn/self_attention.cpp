#include "nn/self_attention.h"

#include <stdexcept>
#include <utility>

#include "attention/attention.h"
#include "attention/row_ops.h"
#include "core/error.h"
#include "core/math.h"
#include "nn/projection.h"

namespace optlab::nn {
namespace {

AttentionSizes checked(const std::string& name, const AttentionSizes& s) {
  const bool fits = s.size >= 1 && s.heads >= 1 && s.kv_heads >= 1 && s.size % s.heads == 0 &&
                    s.heads % s.kv_heads == 0 && s.head_size() % 2 == 0 && s.positions >= 1;
  if (fits) return s;
  constexpr const char* kWanted =
      "; want kv_heads to divide heads, heads to divide size, an even size/heads and positions >= 1";
  throw_invalid({"layer ", name, ": size ", s.size, ", heads ", s.heads, ", kv_heads ", s.kv_heads, ", positions ",
                 s.positions, kWanted});
}

}  // namespace

SelfAttention::SelfAttention(std::string name, const AttentionSizes& sizes)
    : Layer(std::move(name)),
      sizes_(checked(this->name(), sizes)),
      joint_(detail::make_weight(this->name(), "qkv", sizes.size, sizes.projected())),
      output_(detail::make_weight(this->name(), "output", sizes.size, sizes.size)),
      rope_(sizes.positions, sizes.head_size()) {}

void SelfAttention::initialize(const Rng& joint, const Rng& output, float output_scale) {
  const float deviation = 0.5F / math::sqrt(static_cast<float>(sizes_.size));
  detail::fill_normal(joint_, joint, deviation);
  detail::fill_normal(output_, output, deviation * output_scale);
}

Shape SelfAttention::output_shape(const Shape& x) const {
  if (x.rank() != 3 || x[2] != sizes_.size || x[1] < 1 || x[1] > sizes_.positions) {
    refuse("x", x, text({"[B,T,", sizes_.size, "] with T from 1 to ", sizes_.positions}));
  }
  return x;
}

attention::Heads SelfAttention::queries(MatrixView projected) const {
  return {projected.data, projected.rows, sizes_.heads, sizes_.head_size(), projected.row_stride, sizes_.head_size()};
}

attention::Heads SelfAttention::keys(MatrixView projected) const {
  float* first = projected.data + sizes_.heads * sizes_.head_size();
  return {first, projected.rows, sizes_.kv_heads, sizes_.head_size(), projected.row_stride, sizes_.head_size()};
}

attention::Heads SelfAttention::values(MatrixView projected) const {
  float* first = projected.data + (sizes_.heads + sizes_.kv_heads) * sizes_.head_size();
  return {first, projected.rows, sizes_.kv_heads, sizes_.head_size(), projected.row_stride, sizes_.head_size()};
}

/// Queries and keys lie side by side, so that they turn together.
void SelfAttention::rotate(MatrixView projected, int first_position, const Compute& compute) const {
  const attention::Heads turned{projected.data,     projected.rows,       sizes_.heads + sizes_.kv_heads,
                                sizes_.head_size(), projected.row_stride, sizes_.head_size()};
  parallel::ThreadPool& pool = compute.context.pool;
  attention::rope(attention::best_rows(pool.threads()), turned, first_position, rope_, pool);
}

void SelfAttention::project(ConstMatrixView x, int first_position, MatrixView to, const Compute& compute) const {
  detail::product(x, joint_.value.matrix(), to, compute);
  rotate(to, first_position, compute);
}

void SelfAttention::finish(ConstMatrixView a, MatrixView y, const Compute& compute) const {
  detail::product(a, output_.value.matrix(), y, compute);
}

void SelfAttention::attend(MatrixView projected, MatrixView to, const Compute& compute) const {
  const attention::Heads out{to.data, to.rows, sizes_.heads, sizes_.head_size(), to.row_stride, sizes_.head_size()};
  attention::Context context{compute.context.pool, compute.context.scratch};
  attention::attend({.q = queries(projected), .k = keys(projected), .v = values(projected), .out = out, .causal = true},
                    context, detail::mode_of(compute));
}

void SelfAttention::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  const int batch = x.shape[0], tokens = x.shape[1], rows = batch * tokens;
  const MatrixView projected = detail::require_rows(projected_, rows, sizes_.projected());
  const MatrixView attended = detail::require_rows(attended_, rows, sizes_.size);
  detail::product(x.matrix(), joint_.value.matrix(), projected, pass.compute);
  for (int b = 0; b < batch; ++b) {
    const MatrixView own = projected.block(b * tokens, 0, tokens, sizes_.projected());
    rotate(own, 0, pass.compute);
    attend(own, attended.block(b * tokens, 0, tokens, sizes_.size), pass.compute);
  }
  finish(attended, y.matrix(), pass.compute);
}

}  // namespace optlab::nn
