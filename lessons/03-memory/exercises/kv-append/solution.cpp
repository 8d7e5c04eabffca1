#include <optlab.h>

#include "exercise.h"

/// Where the vector of a head at a position begins. All positions of a head lie together, so that attention walks straight on.
static int place(int kv_head, int position, int capacity, int head_size) {
  return (kv_head * capacity + position) * head_size;
}

int kv_append(float* keys, float* values, int* length, const float* key, const float* value, int kv_heads, int capacity,
              int head_size) {
  const int position = *length;
  if (position >= capacity) return -1;
  for (int g = 0; g < kv_heads; ++g) {
    const int to = place(g, position, capacity, head_size);
    for (int d = 0; d < head_size; ++d) {
      keys[to + d] = key[g * head_size + d];
      values[to + d] = value[g * head_size + d];
    }
  }
  *length = position + 1;
  return position;
}

int kv_read(const float* keys, const float* values, const int* length, int kv_head, int position, float* key,
            float* value, int kv_heads, int capacity, int head_size) {
  if (kv_head < 0 || kv_head >= kv_heads || position < 0 || position >= *length) return 0;
  const int from = place(kv_head, position, capacity, head_size);
  for (int d = 0; d < head_size; ++d) {
    key[d] = keys[from + d];
    value[d] = values[from + d];
  }
  return 1;
}

int kv_truncate(int* length, int new_length) {
  if (new_length < 0 || new_length > *length) return 0;
  *length = new_length;
  return 1;
}
