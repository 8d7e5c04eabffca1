#pragma once

#include <cstdint>
#include <span>

#include "core/tensor.h"
#include "lm/decoder.h"

namespace optlab::lm {

/// Who looks at whom: the probabilities p of a = p·V, of every layer, head, query and key, as a decoder has them that reads
/// `ids` token by token.
///
/// Shapes:   the result is [layers·H, T, T], head by head within a layer; row t are the keys that token t weighs. A key that
///           it doesn't see, because it comes later or the cache has evicted it, has +0.
/// Throws:   as Decoder::feed does; std::invalid_argument if T·T·H·layers doesn't fit a tensor. The decoder forgets what it
///           has seen, and has seen `ids` afterwards.
/// Numerics: the terms and the sum of attention/attention.h's exact rows, key by key in the order of the cache's slots, of
///           the keys as the cache gives them back: p = exp(score - largest) / sum. In exact mode the exponentials and
///           their sum have the bits of those that the model weighs its values by; a division rounds once more, so that
///           p·V is within (S + 3)·2⁻²⁴·max|v| of its output.
/// Cost:     T tokens one by one, and 2·D FLOPs an entry beside.
Tensor attention_map(Decoder& decoder, std::span<const std::int32_t> ids);

}  // namespace optlab::lm
