#pragma once

#include <span>
#include <string_view>

#include "attention/heads.h"
#include "attention/rope_table.h"
#include "core/ladder.h"
#include "core/matrix.h"
#include "parallel/thread_pool.h"

/// What a transformer does between its products, row by row or element by element: softmax, normalizations, activations
/// and rotary positions. All rungs are exact: the same bits on any ISA and number of threads.
///
/// Statistics are taken in 16 stripes, by column modulo 16, each serially over ascending columns from +0; then stripe
/// i + stripe i+8, i+4, i+2, i+1. exp and tanh are core/math.h's. Products, sums and quotients round separately, in the
/// order written.
///
/// Shapes: X and Y [M,N], both with adjacent columns and rows apart; Y may be X itself (in place), else they must not
///         overlap. M and N may be 0.
/// Throws: std::invalid_argument naming the operand if shapes disagree or an operand has no data or other strides.
namespace optlab::attention {

namespace detail {
struct RowKernels;
}

/// A rung of the ladder of these operations.
struct RowVariant : Row {
  const detail::RowKernels* kernels;
};

/// Slowest first; row_variants().front() is the reference.
std::span<const RowVariant> row_variants();
/// Throws std::invalid_argument listing the names if there is none, or if this CPU doesn't support it.
const RowVariant& row_variant(std::string_view name);
/// The fastest on this device.
const RowVariant& best_rows(int threads);

/// y = exp(x - max x) / Σ exp(x - max x), row by row. A row with a NaN or +inf becomes NaN. About 10 FLOPs and one
/// exp an element.
void softmax(const RowVariant& variant, ConstMatrixView x, MatrixView y, parallel::ThreadPool& pool);

/// y = (x · r) · weight[n], r = 1 / √(Σx²/N + epsilon). `weight` has N elements, epsilon >= 0.
/// Source: Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.
void rms_norm(const RowVariant& variant, ConstMatrixView x, std::span<const float> weight, float epsilon, MatrixView y,
              parallel::ThreadPool& pool);

/// y = ((x - mean) · r) · weight[n] + bias[n], mean = Σx/N, r = 1 / √(Σ(x - mean)²/N + epsilon).
/// Source: Ba, Kiros and Hinton, "Layer Normalization", 2016.
void layer_norm(const RowVariant& variant, ConstMatrixView x, std::span<const float> weight,
                std::span<const float> bias, float epsilon, MatrixView y, parallel::ThreadPool& pool);

/// y = (x/2) · (1 + tanh(√(2/π) · (x + 0.044715·((x·x)·x)))); -inf gives NaN (0 · inf).
/// Source: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.
void gelu(const RowVariant& variant, ConstMatrixView x, MatrixView y, parallel::ThreadPool& pool);

/// y = x / (1 + exp(0 - x)); -inf gives NaN (inf / inf).
/// Source: Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units", 2017.
void silu(const RowVariant& variant, ConstMatrixView x, MatrixView y, parallel::ThreadPool& pool);

/// Turns the pairs (x[2i], x[2i+1]) of every head of token t, in place, by the angle of position first_position + t.
/// Throws also if x.size isn't the table's, or a position lies beyond the table.
/// Source: Su et al., "RoFormer", 2021.
void rope(const RowVariant& variant, const Heads& x, int first_position, const RopeTable& table,
          parallel::ThreadPool& pool);

}  // namespace optlab::attention
