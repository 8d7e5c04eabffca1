// What the layers of a transformer compute and move in a forward pass outside of training.
#include "nn/feed_forward.h"
#include "nn/norm.h"
#include "nn/residual.h"
#include "nn/self_attention.h"
#include "profile/flop_counter.h"

namespace optlab::nn {
namespace {

using profile::FlopCounter;
using profile::Work;

/// All axes but the last.
int rows(const Shape& x) { return static_cast<int>(x.element_count()) / x[x.rank() - 1]; }

}  // namespace

Work RmsNorm::work(const Shape& x) const { return FlopCounter::rms_norm(rows(x), x[x.rank() - 1]); }
Work LayerNorm::work(const Shape& x) const { return FlopCounter::layer_norm(rows(x), x[x.rank() - 1]); }

Work SwiGlu::work(const Shape& x) const {
  const int size = x[x.rank() - 1];
  return FlopCounter::linear({rows(x), size, 2 * hidden(), false}) +
         FlopCounter::swiglu(std::int64_t{rows(x)} * hidden()) + FlopCounter::linear({rows(x), hidden(), size, false});
}

Work SelfAttention::work(const Shape& x) const {
  const int batch = x[0], tokens = x[1], size = sizes_.size;
  const profile::AttentionShape attention{.batch = batch,
                                          .queries = tokens,
                                          .keys = tokens,
                                          .heads = sizes_.heads,
                                          .key_heads = sizes_.kv_heads,
                                          .size = sizes_.head_size(),
                                          .causal = true};
  return FlopCounter::linear({rows(x), size, sizes_.projected(), false}) +
         FlopCounter::rope(tokens, sizes_.heads + sizes_.kv_heads, sizes_.head_size()) * batch +
         FlopCounter::attention(attention) + FlopCounter::linear({rows(x), size, size, false});
}

/// The sum; its parts report themselves.
Work Residual::work(const Shape& x) const { return FlopCounter::add(static_cast<std::int64_t>(x.element_count())); }

}  // namespace optlab::nn
