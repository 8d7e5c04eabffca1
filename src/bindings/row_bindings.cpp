#include <emscripten/bind.h>

#include <stdexcept>
#include <string>

#include "attention/row_ops.h"
#include "bindings/guard.h"
#include "bindings/ladder.h"
#include "bindings/runtime.h"
#include "core/error.h"
#include "core/tensor.h"

/// Row operations by themselves, for tools/bench-peers alone: 28 KB that no page asks for.
namespace optlab::bindings {
namespace {

/// y = operation(x) by the rung `name`. Norms want `weights` [2,N], weights and biases (which rms_norm leaves), and
/// epsilon.
void row_operation(std::string operation, std::string name, const Tensor& x, const Tensor* weights, double epsilon,
                   Tensor& y) {
  using namespace attention;
  const RowVariant& variant = row_variant(name);
  parallel::ThreadPool& pool = runtime().pool;
  const ConstMatrixView from = x.matrix();
  const MatrixView to = y.matrix();
  if (operation == "softmax") return softmax(variant, from, to, pool);
  if (operation == "gelu") return gelu(variant, from, to, pool);
  if (operation == "silu") return silu(variant, from, to, pool);
  const bool rms = operation == "rms_norm";
  if (!rms && operation != "layer_norm") throw std::invalid_argument("rowOperation: there is no " + operation);
  const std::size_t N = static_cast<std::size_t>(from.columns);
  if (weights == nullptr || weights->size() != 2 * N) {
    throw std::invalid_argument("rowOperation: weights must be [2, " + std::to_string(N) + "]");
  }
  const std::span<const float> weight = weights->values().first(N), bias = weights->values().subspan(N);
  const auto e = static_cast<float>(epsilon);
  rms ? rms_norm(variant, from, weight, e, to, pool) : layer_norm(variant, from, weight, bias, e, to, pool);
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_rows) {
  emscripten::function("rowVariants", &ladder<&attention::row_variants>);
  emscripten::function("rowOperation", guard<&row_operation>, emscripten::allow_raw_pointers());
}

}  // namespace optlab::bindings
