#pragma once

/// A cache from outside the library, such as a student's, in place of the library's own steps.
namespace optlab::kvcache {

/// Attention of one token: q and out [H,D], keys and values [G,capacity,D], of which each head's first `length` >= 1
/// vectors are filled; query head h reads head h/(H/G). scratch: H·capacity floats, any values.
using GuestAttend = void (*)(const float* q, const float* keys, const float* values, float* out, float* scratch,
                             int heads, int kv_heads, int capacity, int head_size, int length);
/// Writes a token's key and value, [G,D] each, to slot *length of keys and values [G,capacity,D], makes *length one more
/// and returns the slot.
using GuestAppend = int (*)(float* keys, float* values, int* length, const float* key, const float* value, int kv_heads,
                            int capacity, int head_size);
/// The slot of a position, where the first `sinks` tokens stay and the latest `window` take turns in the slots behind.
using GuestSlot = int (*)(int position, int window, int sinks);

/// What is null is the library's own; `attend` must be there.
struct Guest {
  GuestAttend attend = nullptr;
  GuestAppend append = nullptr;
  GuestSlot slot_of = nullptr;
};

/// Caches with Policy::guest run `guest` from now on. Not while one is extended.
///
/// What the kernels do is their own affair: wrong ones give wrong results, hostile ones may overwrite all of this
/// program's memory. A slot that isn't one is refused.
void set_guest(const Guest& guest);

}  // namespace optlab::kvcache
