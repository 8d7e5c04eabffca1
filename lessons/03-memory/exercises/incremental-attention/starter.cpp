#include <optlab.h>

#include "exercise.h"

// One head that looks at the latest token only.
void attend(const float* q, const float* keys, const float* values, float* out, float* scratch, int heads, int kv_heads,
            int capacity, int head_size, int length) {
  // TODO: all heads. Which keys and values are theirs?
  // TODO: the score of each position p < length. scratch has room for them.
  // TODO: softmax. What becomes of exp(1000)?
  const int latest = length - 1;
  for (int d = 0; d < head_size; ++d) out[d] = values[latest * head_size + d];
}
