#pragma once

#include <cstdint>
#include <span>

#include "core/matrix.h"
#include "parallel/thread_pool.h"

namespace optlab::nn {

/// The mean over rows of -log softmax(z)[label]; writes its gradient, (softmax(z) - onehot(label)) / B, if `gradient`
/// isn't null.
///
/// Throws:   std::invalid_argument if the shapes differ, B is 0 or a label isn't a column.
/// Numerics: exact mode: the row's maximum, then exp(z - max) summed over ascending columns; rows are summed in
///           float64, ascending.
double softmax_cross_entropy(ConstMatrixView logits, std::span<const std::uint8_t> labels, const MatrixView* gradient);

/// The mean over rows of -log softmax(z)[label], in nats; where `gradient` isn't null writes its gradient,
/// (softmax(z) - onehot(label))/N, there; `gradient` may be the logits' own memory.
///
/// Shapes:   logits [N,V] with adjacent columns, N labels below V.
/// Throws:   std::invalid_argument if shapes disagree, N is 0 or a label isn't a column.
/// Numerics: exact: the row's maximum, then exp(z - max) in 16 stripes as attention/row_ops.h has it; losses are summed in
///           float64 over ascending rows. The same bits for any number of threads. A row with a NaN makes the loss NaN.
/// Cost:     an exp an element, two with the gradient.
double token_cross_entropy(ConstMatrixView logits, std::span<const std::int32_t> labels, const MatrixView* gradient,
                           parallel::ThreadPool& pool);

/// The same row by row: losses[r] = -log softmax(z)[label]. Throws also if `losses` has another size.
void token_losses(ConstMatrixView logits, std::span<const std::int32_t> labels, std::span<float> losses,
                  parallel::ThreadPool& pool);

}  // namespace optlab::nn
