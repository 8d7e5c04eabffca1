#include "exercise.h"

static constexpr double kFloat = 4;  // bytes

double linear_flops(int rows, int inputs, int outputs, int bias) {
  const double results = 1.0 * rows * outputs;
  return results * (2.0 * inputs + bias);
}

double linear_bytes(int rows, int inputs, int outputs, int bias) {
  const double x = 1.0 * rows * inputs;
  const double weights = (1.0 * inputs + bias) * outputs;  // one copy, whatever the batch
  const double y = 1.0 * rows * outputs;
  return kFloat * (x + weights + y);
}

/// How many windows fit along an axis of `extent` pixels.
static int places(int extent, int kernel, int stride, int padding, int dilation) {
  const int reach = dilation * (kernel - 1) + 1;  // from the first to the last pixel of a window
  return (extent + 2 * padding - reach) / stride + 1;
}

/// How many of the `extent` pixels of an axis belong to at least one window.
static int touched(int extent, int kernel, int stride, int padding, int dilation) {
  const int windows = places(extent, kernel, stride, padding, dilation);
  int count = 0;
  for (int x = 0; x < extent; ++x) {
    bool found = false;
    for (int k = 0; k < kernel && !found; ++k) {
      // Where a window begins, in the padded image, that has x as its k-th pixel.
      const int begin = x + padding - k * dilation;
      found = begin >= 0 && begin % stride == 0 && begin / stride < windows;
    }
    count += found ? 1 : 0;
  }
  return count;
}

double conv2d_flops(int batch, int height, int width, int channels, int outputs, int kernel, int stride, int padding,
                    int dilation, int groups, int bias) {
  // A Linear layer with a row per window. The windows of a group see its own channels only.
  const double windows = 1.0 * batch * places(height, kernel, stride, padding, dilation) *
                         places(width, kernel, stride, padding, dilation);
  const double depth = 1.0 * kernel * kernel * (channels / groups);
  return windows * outputs * (2.0 * depth + bias);
}

double conv2d_bytes(int batch, int height, int width, int channels, int outputs, int kernel, int stride, int padding,
                    int dilation, int groups, int bias) {
  // Rows and columns are touched independently of each other.
  const double x = 1.0 * batch * touched(height, kernel, stride, padding, dilation) *
                   touched(width, kernel, stride, padding, dilation) * channels;
  const double weights = (1.0 * kernel * kernel * (channels / groups) + bias) * outputs;
  const double y = 1.0 * batch * places(height, kernel, stride, padding, dilation) *
                   places(width, kernel, stride, padding, dilation) * outputs;
  return kFloat * (x + weights + y);
}

double attention_flops(int batch, int queries, int keys, int heads, int key_heads, int size, int causal) {
  // Causal: the last query sees all keys, the first queries - 1 fewer; on average the mean of both.
  const double first = causal ? keys - queries + 1 : keys;
  const double pairs = queries * (first + keys) / 2;
  return 1.0 * batch * heads * (pairs * (4.0 * size + 5) + queries * (size + 15.0));
}

double attention_bytes(int batch, int queries, int keys, int heads, int key_heads, int size, int causal) {
  const double queries_and_results = 2.0 * queries * heads * size;
  const double keys_and_values = 2.0 * keys * key_heads * size;  // every key is seen by the last query at least
  return kFloat * batch * (queries_and_results + keys_and_values);
}
