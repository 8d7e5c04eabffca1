#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "gemm/gemm.h"
#include "sparse/block_matrix.h"

/// Matrix multiplication with sparse weights, float32.
namespace optlab::sparse {

/// The operands of C[M,N] = activation(A[M,K]·W[K,N] + bias[N]).
struct Problem {
  ConstMatrixView a;
  const BlockMatrix& w;
  MatrixView c;
  gemm::Epilogue epilogue = {};
};

/// A rung of the ladder; every rung takes every format. `name` and `isa` are those of the dense rung that uses the same
/// instructions (gemm::variants()), where there is one.
struct Variant : Row {
  /// Scratch bytes that `run` needs.
  std::size_t (*scratch_bytes)(const Problem&, const gemm::Blocking&, int threads);
  void (*run)(const Problem&, const gemm::Workspace&) noexcept;
};

/// Slowest first; variants().front() is the reference. Rows whose ISA this build lacks are absent; rows that this CPU
/// lacks are unsupported.
std::span<const Variant> variants();

/// The variant called `name`. Throws std::invalid_argument listing the names if there is none, or if this CPU doesn't
/// support it.
const Variant& variant(std::string_view name);

/// C[M,N] = activation(A[M,K]·W[K,N] + bias[N]) by `variant`, after checking the operands.
///
/// Shapes:   any strides for A; C's column_stride is 1. M, N, K may be 0; an output without weights is activation(bias). C
///           must not overlap A or the bias.
/// Throws:   std::invalid_argument naming the operand if shapes disagree, a dimension is negative or C's rows overlap;
///           std::bad_alloc.
/// Numerics: exact rows: each c[m,n] starts at +0 and adds a[m,k]*w[k,n] for the stored k ascending, product and sum each
///           rounded once, then the bias, then the activation. That is bit for bit the exact dense product with the pruned
///           W, as long as A is finite: a skipped term would be ±0, and a sum that starts at +0 never becomes -0, so
///           adding ±0 changes nothing. An infinity or NaN in A reaches the outputs whose block holds that k, and no others;
///           dense makes NaN of 0·∞ everywhere. Infinities and NaNs in W are kept and count as in dense. Fast rows fuse:
///           |error| <= 2·K·eps·(|A||W|)[m,n], eps = 2^-24.
/// Cost:     2·M·size()·blocks() FLOPs over 4·M·(K + N) + w.bytes() bytes at least; M > 2 copies A once, transposed.
/// Source:   blocks of weights that share an index, kept in registers over all k: Elsen, Dukhan, Gale and Simonyan, "Fast
///           Sparse ConvNets", 2020 (XNNPACK's spmm: activations transposed, lanes along M).
void multiply(const Variant& variant, const Problem& problem, gemm::Context& context);

/// The dispatcher: the same by the fastest rung of `mode` (`best`).
void multiply(const Problem& problem, gemm::Context& context, gemm::Mode mode = gemm::Mode::kExact);

/// The row that the dispatcher takes.
const Variant& best(gemm::Mode mode, int threads);

}  // namespace optlab::sparse
