#pragma once

#include <cstddef>

#include "attention/attention.h"

/// What the files of this folder share; private to it.
namespace optlab::attention::detail {

/// The reference, attention_reference.cpp.
void naive(const Problem& problem, const Workspace& workspace) noexcept;
std::size_t naive_scratch_bytes(const Problem& problem, const gemm::Blocking& blocking, int threads);

/// The largest register tile of any ISA.
inline constexpr int kMostRows = 12;

/// Rows of queries that share the keys and values in cache; a multiple of every tile's rows.
inline constexpr int kBlockRows = 24;

/// scores[r][i] = scale · (q[r] · key i) for `panels` panels of keys.
struct ScoreBlock {
  const float* q[kMostRows];
  const float* keys;
  int panels;
  int size;  // D
  float scale;
  float* scores;
  std::ptrdiff_t score_stride;
};

/// out[r] += Σ p[r][i] · value i, serially over the `keys` >= 1 values.
struct WeighBlock {
  const float* p;
  std::ptrdiff_t p_stride;
  const float* values;
  std::ptrdiff_t value_stride;
  int keys;
  int size;  // D
  float* out[kMostRows];
};

/// A row's running maximum and sum of exponentials.
struct Running {
  float most = -__builtin_inff();
  float sum = 0.0F;
};

/// One ISA's building blocks, instantiated from attention_micro_kernel.h. The driver reaches them only through this
/// table, and each returns after a block: V8 never replaces a running function by its optimized version.
struct Kernels {
  int rows;  // of the largest tile
  /// scores[r-1] and weigh[r-1] take r rows: `rows` and the powers of two below it, others are null.
  void (*scores[kMostRows])(const ScoreBlock&) noexcept;
  void (*weigh[kMostRows])(const WeighBlock&) noexcept;
  /// scores[i] = exp(scores[i] - largest) for i in [begin, end), begin < end; returns their sum in stripes. Writes the
  /// whole panels around that range.
  float (*softmax)(float* scores, int begin, int end) noexcept;
  /// The same against the maximum so far and with the sum so far; returns what earlier results have to be multiplied
  /// with.
  float (*softmax_online)(float* scores, int begin, int end, Running& running) noexcept;
  /// out[d] = out[d] * factor
  void (*multiply)(float* out, int size, float factor) noexcept;
  /// out[d] = out[d] / divisor
  void (*divide)(float* out, int size, float divisor) noexcept;

  /// The rows of the tile to begin with where `count` are left.
  int tile_rows(int count) const {
    while (scores[count - 1] == nullptr) --count;
    return count;
  }
};

/// A target's table; target.cpp instantiates it.
template <class Simd>
struct KernelsOf {
  static const Kernels kTable;
};

/// panel[d][first + i] = key i [d] for i < count.
void pack_panel(const float* key, std::ptrdiff_t token_stride, int size, int first, int count, float* panel) noexcept;

/// The keys that a query sees, as indices of K.
struct Span {
  int begin;
  int end;
  bool empty() const { return begin >= end; }
};
Span visible(const Problem& problem, int query) noexcept;

/// 1/√D as every rung multiplies with it.
float score_scale(int size) noexcept;

struct StoredKernels;

/// What a rung computes with.
struct KernelSet {
  const Kernels& plain;
  const StoredKernels& stored;
};

/// Two passes over all scores of a row: exact mode's.
std::size_t two_pass_scratch_bytes(const Problem& problem, const gemm::Blocking& blocking, int threads);
void run_two_pass(const KernelSet& kernels, const Problem& problem, const Workspace& workspace) noexcept;

/// Blocks of keys with a running maximum.
std::size_t online_scratch_bytes(const Problem& problem, const gemm::Blocking& blocking, int threads);
void run_online(const KernelSet& kernels, const Problem& problem, const Workspace& workspace) noexcept;

}  // namespace optlab::attention::detail
