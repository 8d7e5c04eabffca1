#pragma once

#include "guest/slots.h"

/// A cache from outside the library: caches with Policy::guest run these, of which `attend` must be there; the others are
/// the library's own where they are missing. A slot that isn't one is refused.
namespace optlab::kvcache {

/// Attention of one token: q and out [H,D], keys and values [G,capacity,D], of which each head's first `length` >= 1
/// vectors are filled; query head h reads head h/(H/G). scratch: H·capacity floats, any values.
OPTLAB_GUEST_SLOT(void, attend,
                  (const float* q, const float* keys, const float* values, float* out, float* scratch, int heads,
                   int kv_heads, int capacity, int head_size, int length));
/// Writes a token's key and value, [G,D] each, to slot *length of keys and values [G,capacity,D], makes *length one more
/// and returns the slot.
OPTLAB_GUEST_SLOT(int, kv_append,
                  (float* keys, float* values, int* length, const float* key, const float* value, int kv_heads,
                   int capacity, int head_size));
/// The slot of a position, where the first `sinks` tokens stay and the latest `window` take turns in the slots behind.
OPTLAB_GUEST_SLOT(int, slot_of, (int position, int window, int sinks));

}  // namespace optlab::kvcache
