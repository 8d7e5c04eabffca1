#include <optlab.h>

#include "exercise.h"

// The equations as they stand. Each number of the result walks down a column of the values, one vector apart.
void attend(const float* q, const float* keys, const float* values, float* out, float* scratch, int heads, int kv_heads,
            int capacity, int head_size, int length) {
  const float scale = 1.0f / sqrtf(head_size);
  for (int h = 0; h < heads; ++h) {
    const int g = h / (heads / kv_heads);
    const float* key = keys + g * capacity * head_size;
    const float* value = values + g * capacity * head_size;
    float largest = -__builtin_inff();
    for (int p = 0; p < length; ++p) {
      float sum = 0.0f;
      for (int d = 0; d < head_size; ++d) sum += q[h * head_size + d] * key[p * head_size + d];
      scratch[p] = sum * scale;
      largest = optlab::max(largest, scratch[p]);
    }
    float all = 0.0f;
    for (int p = 0; p < length; ++p) {
      scratch[p] = expf(scratch[p] - largest);
      all += scratch[p];
    }
    for (int d = 0; d < head_size; ++d) {
      float sum = 0.0f;
      for (int p = 0; p < length; ++p) sum += scratch[p] * value[p * head_size + d];
      out[h * head_size + d] = sum / all;
    }
  }
}
