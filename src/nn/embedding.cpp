#include "nn/embedding.h"

#include <algorithm>
#include <stdexcept>

#include "core/error.h"
#include "nn/forward_kernels.h"
#include "nn/projection.h"
#include "nn/workers.h"

namespace optlab::nn {

Embedding::Embedding(const std::string& name, int vocab, int size)
    : table_(detail::make_weight(name, "weight", vocab, size)) {}

void Embedding::initialize(const Rng& rng, float deviation) { detail::fill_normal(table_, rng, deviation); }

void Embedding::check(std::string_view operand, int rows, int columns, int want_rows, int want_columns) const {
  if (rows == want_rows && columns == want_columns) return;
  throw std::invalid_argument("layer " + table_.name + ": " + std::string(operand) + " is " +
                              format_shape({rows, columns}) + ", want " + format_shape({want_rows, want_columns}));
}

void Embedding::check_ids(std::span<const std::int32_t> ids) const {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= 0 && ids[i] < vocab()) continue;
    throw std::invalid_argument("layer " + table_.name + ": id " + std::to_string(ids[i]) + " at " + std::to_string(i) +
                                "; want 0 to " + std::to_string(vocab() - 1));
  }
}

void Embedding::look_up(std::span<const std::int32_t> ids, MatrixView y, const Compute& compute) const {
  check("y", y.rows, y.columns, static_cast<int>(ids.size()), size());
  check_ids(ids);
  const ConstMatrixView table = table_.value.matrix();
  detail::for_rows(compute.context.pool, y.rows, size(),
                   [&](int r) { std::copy_n(table.row(ids[r]), table.columns, y.row(r)); });
}

void Embedding::logits(ConstMatrixView x, MatrixView logits, const Compute& compute) const {
  check("x", x.rows, x.columns, x.rows, size());
  check("logits", logits.rows, logits.columns, x.rows, vocab());
  detail::product(x, table_.value.matrix().transposed(), logits, compute);
}

void Embedding::logits_backward(ConstMatrixView x, ConstMatrixView dlogits, MatrixView dx, const Compute& compute) {
  check("x", x.rows, x.columns, x.rows, size());
  check("dlogits", dlogits.rows, dlogits.columns, x.rows, vocab());
  check("dx", dx.rows, dx.columns, x.rows, size());
  require_gradient(table_);
  detail::product(dlogits.transposed(), x, table_.gradient.matrix(), compute);
  detail::product(dlogits, table_.value.matrix(), dx, compute);
}

/// Divided by columns, so that each worker adds the rows in their order.
void Embedding::look_up_backward(std::span<const std::int32_t> ids, ConstMatrixView dy, const Compute& compute) {
  check("dy", dy.rows, dy.columns, static_cast<int>(ids.size()), size());
  check_ids(ids);
  require_gradient(table_);
  const MatrixView gradient = table_.gradient.matrix();
  const detail::ForwardKernels& kernels = detail::forward_kernels();
  detail::for_row_ranges(compute.context.pool, size(), dy.rows, 16, [&](int /*worker*/, parallel::Range columns) {
    for (int r = 0; r < dy.rows; ++r) {
      float* to = gradient.row(ids[r]) + columns.begin;
      kernels.add(to, dy.row(r) + columns.begin, columns.size(), to);
    }
  });
}

void Embedding::clear_gradient() {
  require_gradient(table_);
  std::fill(table_.gradient.values().begin(), table_.gradient.values().end(), 0.0F);
}

}  // namespace optlab::nn
