#pragma once

#include <cstddef>
#include <span>

#include "lm/lm.h"

namespace optlab::lm {

/// The model in a checkpoint of llama2.c, version 0, as its small TinyStories models come: seven 32-bit integers (dim,
/// hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len; a negative vocab_size says that the classifier is a
/// matrix of its own), then float32 without gaps: token embeddings [vocab, dim]; for all layers each: attention norms [dim],
/// Wq [dim, dim], Wk and Wv [kv_dim, dim], Wo [dim, dim], feed-forward norms [dim], W1 [hidden, dim], W2 [dim, hidden], W3
/// [hidden, dim]; the last norm [dim]; two tables of rotary angles [seq_len, dim/n_heads/2], which are skipped; the
/// classifier [vocab, dim] where it is separate. Matrices map columns to rows and are transposed here.
///
/// Throws:   DataError that says which field or size is wrong, what was found and what is allowed: also for versions 1 and
///           2 (their magic number 0x616b3432 is recognized), whose weights may be quantized.
/// Numerics: the weights are kept bit for bit.
/// Source:   Karpathy, "llama2.c", 2023.
Lm lm_from_llama2c(std::span<const std::byte> file);

}  // namespace optlab::lm
