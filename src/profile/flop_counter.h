#pragma once

#include "profile/work.h"

namespace optlab::profile {

struct LinearShape {
  int rows = 1;  // batch, or batch times tokens
  int inputs = 1;
  int outputs = 1;
  bool bias = true;
};

struct Conv2dShape {
  int batch = 1;
  int height = 1;
  int width = 1;
  int channels = 1;
  int outputs = 1;
  int kernel_height = 1;
  int kernel_width = 1;
  int stride = 1;
  int padding = 0;
  int dilation = 1;
  int groups = 1;
  bool bias = true;

  int output_height() const { return (height + 2 * padding - dilation * (kernel_height - 1) - 1) / stride + 1; }
  int output_width() const { return (width + 2 * padding - dilation * (kernel_width - 1) - 1) / stride + 1; }
};

struct AttentionShape {
  int batch = 1;
  int queries = 1;    // T
  int keys = 1;       // S
  int heads = 1;      // H, of the queries
  int key_heads = 1;  // G, divides H
  int size = 1;       // D, of a head
  bool causal = false;
  int first_query = 0;  // position of query 0, where key 0 stands at 0
  int window = 0;       // with `causal`: positions a query sees, its own among them; 0: all before it
};

/// The work of a layer from its shape: what this library's arithmetic performs, operation by operation, with the whole
/// batch. Proved by running the loops with numbers that count (profile/counted.h): gemm, conv and attention have the
/// tests beside their kernels.
///
/// Throws: std::invalid_argument naming the layer and the extent that makes no sense, or if a count exceeds 2^63-1.
struct FlopCounter {
  FlopCounter() = delete;

  /// y = x·W + b: 2·B·I·O, and B·O for the bias (sums start at zero, so that K products take K additions).
  static Work linear(const LinearShape& shape);
  /// 2·N·OH·OW·OC·K with K = KH·KW·C/G, and the bias. Padding counts: this library multiplies it like any input. Bytes
  /// read are those of the pixels that some window touches; a 1×1 convolution of stride 2 reads a quarter of them.
  static Work conv2d(const Conv2dShape& shape);
  /// softmax(Q·Kᵀ/√D)·V. For each query head and each of the v keys it sees: 2·D for the score, 1 to scale it, 1
  /// comparison, 1 − and 1 exp, 1 + for the sum, 2·D for the values; then 15 additions that join the sum's 16 stripes,
  /// and D divisions. Bytes read: Q, and K and V of every key that some query sees.
  static Work attention(const AttentionShape& shape);

  /// For each row of n: n comparisons, n −, n exp, n + 15 additions, n ÷.
  static Work softmax(int rows, int columns);
  /// For each row of n: n squares and their n + 15 additions, ÷ n, + epsilon, √, 1/, and 2·n multiplications.
  static Work rms_norm(int rows, int columns);
  /// For each row of n: two sums of n + 15 additions, n − and n squares, 2 ÷, + epsilon, √, 1/; then n −, 2·n × and n +.
  static Work layer_norm(int rows, int columns);
  /// y = x·scale[c] + shift[c], as inference has it: 2 an element; `rows` is batch times pixels.
  static Work batch_norm(int rows, int channels);
  /// 1 comparison an element.
  static Work relu(std::int64_t elements);
  /// 6 ×, 2 + and 1 tanh an element.
  static Work gelu(std::int64_t elements);
  /// 1 −, 1 exp, 1 + and 1 ÷ an element.
  static Work silu(std::int64_t elements);
  /// silu(gate) · up: one more ×, and two operands.
  static Work swiglu(std::int64_t elements);
  /// 4 × and 2 + for a pair. `size` is even; reads the table of `tokens` positions once for all heads.
  static Work rope(int tokens, int heads, int size);
  /// a + b, as a residual connection has it.
  static Work add(std::int64_t elements);
  /// kernel·kernel comparisons for an output (a maximum starts at −∞); without padding.
  static Work max_pool(int batch, int height, int width, int channels, int kernel, int stride);
  /// kernel·kernel additions and one division for an output; without padding.
  static Work average_pool(int batch, int height, int width, int channels, int kernel, int stride);
  /// No arithmetic: reads and writes `tokens` rows, and reads their 4-byte numbers.
  static Work embedding(int tokens, int size);
};

}  // namespace optlab::profile
