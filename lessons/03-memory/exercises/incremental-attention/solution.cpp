#include <optlab.h>
#include <wasm_simd128.h>

#include "exercise.h"

namespace {

constexpr int kLanes = 4;

v128_t madd(v128_t sum, v128_t x, v128_t y) { return wasm_f32x4_add(sum, wasm_f32x4_mul(x, y)); }

/// Four sums, since each addition waits for the one before it in the same sum.
float dot(const float* x, const float* y, int size) {
  v128_t sums[4] = {};
  int d = 0;
  for (; d + 4 * kLanes <= size; d += 4 * kLanes) {
    for (int i = 0; i < 4; ++i) {
      sums[i] = madd(sums[i], wasm_v128_load(x + d + kLanes * i), wasm_v128_load(y + d + kLanes * i));
    }
  }
  const v128_t all = wasm_f32x4_add(wasm_f32x4_add(sums[0], sums[1]), wasm_f32x4_add(sums[2], sums[3]));
  float sum = (wasm_f32x4_extract_lane(all, 0) + wasm_f32x4_extract_lane(all, 1)) +
              (wasm_f32x4_extract_lane(all, 2) + wasm_f32x4_extract_lane(all, 3));
  for (; d < size; ++d) sum += x[d] * y[d];
  return sum;
}

/// Scores to weights that are not yet divided by their sum, which is returned.
float exponentials(float* scores, int length) {
  float largest = scores[0];
  for (int p = 1; p < length; ++p) largest = optlab::max(largest, scores[p]);
  // Apart from the sum, whose order the compiler must keep: this loop it makes vectors of.
  for (int p = 0; p < length; ++p) scores[p] = expf(scores[p] - largest);
  float sum = 0.0f;
  for (int p = 0; p < length; ++p) sum += scores[p];
  return sum;
}

/// The weighted sum of `vectors` vectors from each position: as many running sums, in registers all the while.
template <int vectors>
void mix(const float* weights, const float* values, int step, int length, float factor, float* out) {
  v128_t sums[vectors] = {};
  for (int p = 0; p < length; ++p) {
    const v128_t weight = wasm_f32x4_splat(weights[p]);
    for (int i = 0; i < vectors; ++i) sums[i] = madd(sums[i], weight, wasm_v128_load(values + p * step + kLanes * i));
  }
  const v128_t by = wasm_f32x4_splat(factor);
  for (int i = 0; i < vectors; ++i) wasm_v128_store(out + kLanes * i, wasm_f32x4_mul(sums[i], by));
}

}  // namespace

void attend(const float* q, const float* keys, const float* values, float* out, float* scratch, int heads, int kv_heads,
            int capacity, int head_size, int length) {
  const float scale = 1.0f / sqrtf(head_size);
  for (int h = 0; h < heads; ++h, q += head_size, out += head_size) {
    const int first = h / (heads / kv_heads) * capacity * head_size;
    const float* key = keys + first;
    const float* value = values + first;
    for (int p = 0; p < length; ++p) scratch[p] = scale * dot(q, key + p * head_size, head_size);
    const float factor = 1.0f / exponentials(scratch, length);
    int d = 0;
    for (; d + 8 * kLanes <= head_size; d += 8 * kLanes) mix<8>(scratch, value + d, head_size, length, factor, out + d);
    for (; d + kLanes <= head_size; d += kLanes) mix<1>(scratch, value + d, head_size, length, factor, out + d);
    for (; d < head_size; ++d) {
      float sum = 0.0f;
      for (int p = 0; p < length; ++p) sum += scratch[p] * value[p * head_size + d];
      out[d] = factor * sum;
    }
  }
}
