#include "nn/attention_backward.h"

#include <algorithm>
#include <cstring>

#include "core/math.h"
#include "nn/training_kernels.h"

namespace optlab::nn::detail {
namespace {

/// Queries and keys whose products are made together: what a causal mask leaves of a block is not computed, and smaller
/// blocks are worse products.
constexpr int kBlock = 64;

constexpr std::size_t kLineFloats = kCacheLine / sizeof(float);

std::size_t whole_lines(std::size_t floats) { return (floats + kLineFloats - 1) / kLineFloats * kLineFloats; }

}  // namespace

/// Rows of the query side are numbered (token, head), so that those from some token on are adjacent.
struct AttentionBackward::Buffers {
  MatrixView q;       // [T·group, d]
  MatrixView dout;    // [T·group, d]
  MatrixView dq;      // [T·group, d]
  MatrixView p;       // [T·group, T]
  MatrixView dscore;  // [T·group, T]
  float* gemm;
};

AttentionBackward::AttentionBackward(int tokens, int group, int d, const attention::RopeTable& rope,
                                     const Compute& compute)
    : tokens_(tokens),
      group_(group),
      d_(d),
      scale_(1.0F / math::sqrt(static_cast<float>(d))),
      rope_(rope),
      compute_(compute),
      gemm_floats_(0) {
  const auto need = [&](int M, int N, int K, bool a_turned, bool b_turned) {
    const auto view = [](int rows, int columns, bool turned) {
      return turned ? ConstMatrixView{nullptr, rows, columns, 1, rows}
                    : ConstMatrixView{nullptr, rows, columns, columns, 1};
    };
    const gemm::Problem problem{view(M, K, a_turned), view(K, N, b_turned), MatrixView{nullptr, M, N, N, 1}};
    const std::size_t bytes = compute.choose(M, N, K).scratch_bytes(problem, compute.context.blocking, 1);
    gemm_floats_ = std::max(gemm_floats_, whole_lines(bytes / sizeof(float) + 1));
  };
  for (int first = 0; first < tokens; first += kBlock) {
    const int end = std::min(first + kBlock, tokens), rows = (end - first) * group;
    need(rows, end, d, false, true);
    need(rows, d, end, false, false);
    need(end - first, d, (tokens - first) * group, true, false);
  }
}

std::size_t AttentionBackward::scratch_floats() const {
  const auto rows = static_cast<std::size_t>(tokens_) * group_;
  return gemm_floats_ + 3 * whole_lines(rows * d_) + 2 * whole_lines(rows * tokens_);
}

void AttentionBackward::product(ConstMatrixView a, ConstMatrixView b, MatrixView c, float* scratch) const noexcept {
  const gemm::Variant& variant = compute_.choose(c.rows, c.columns, a.columns);
  variant.run({a, b, c}, {compute_.context.pool, 1, reinterpret_cast<std::byte*>(scratch), compute_.context.blocking});
}

/// P, dS and dQ of the queries of tokens [first, end), which see keys [0, end).
void AttentionBackward::probabilities(const Operands& operands, const Buffers& buffers, int first,
                                      int end) const noexcept {
  const TrainingKernels& kernels = training_kernels();
  const int row = first * group_, rows = (end - first) * group_;
  const MatrixView p = buffers.p.block(row, 0, rows, end), dscore = buffers.dscore.block(row, 0, rows, end);
  const ConstMatrixView keys = operands.keys.block(0, 0, end, d_), values = operands.values.block(0, 0, end, d_);
  product(buffers.q.block(row, 0, rows, d_), keys.transposed(), p, buffers.gemm);
  product(buffers.dout.block(row, 0, rows, d_), values.transposed(), dscore, buffers.gemm);
  for (int i = 0; i < rows; ++i) {
    const int seen = first + i / group_ + 1;
    kernels.scaled_softmax(p.row(i), seen, scale_, p.row(i));
    kernels.softmax_backward(p.row(i), dscore.row(i), seen, scale_, dscore.row(i));
    std::fill(p.row(i) + seen, p.row(i) + end, 0.0F);
    std::fill(dscore.row(i) + seen, dscore.row(i) + end, 0.0F);
  }
  product(dscore, keys, buffers.dq.block(row, 0, rows, d_), buffers.gemm);
}

/// dK and dV of tokens [first, end), which queries from `first` on see.
void AttentionBackward::key_gradients(const Operands& operands, const Buffers& buffers, int first,
                                      int end) const noexcept {
  const int row = first * group_, rows = tokens_ * group_ - row, count = end - first;
  const ConstMatrixView p = buffers.p.block(row, first, rows, count);
  const ConstMatrixView dscore = buffers.dscore.block(row, first, rows, count);
  product(p.transposed(), buffers.dout.block(row, 0, rows, d_), operands.values.block(first, 0, count, d_),
          buffers.gemm);
  product(dscore.transposed(), buffers.q.block(row, 0, rows, d_), operands.keys.block(first, 0, count, d_),
          buffers.gemm);
}

void AttentionBackward::run(const Operands& operands, float* scratch) const noexcept {
  const auto rows = static_cast<std::size_t>(tokens_) * group_;
  float* at = scratch + gemm_floats_;
  const auto take = [&](int columns) {
    const MatrixView view{at, static_cast<int>(rows), columns, columns, 1};
    at += whole_lines(rows * columns);
    return view;
  };
  Buffers buffers{
      .q = take(d_), .dout = take(d_), .dq = take(d_), .p = take(tokens_), .dscore = take(tokens_), .gemm = scratch};
  for (int t = 0; t < tokens_; ++t) {
    std::memcpy(buffers.q.row(t * group_), operands.queries.row(t), sizeof(float) * group_ * d_);
    std::memcpy(buffers.dout.row(t * group_), operands.doutput.row(t), sizeof(float) * group_ * d_);
  }
  for (int first = 0; first < tokens_; first += kBlock) {
    probabilities(operands, buffers, first, std::min(first + kBlock, tokens_));
  }
  for (int first = 0; first < tokens_; first += kBlock) {
    key_gradients(operands, buffers, first, std::min(first + kBlock, tokens_));
  }
  const TrainingKernels& kernels = training_kernels();
  for (int t = 0; t < tokens_; ++t) {
    std::memcpy(operands.queries.row(t), buffers.dq.row(t * group_), sizeof(float) * group_ * d_);
    for (int h = 0; h < group_; ++h) {
      kernels.rope_backward(operands.queries.row(t) + h * d_, d_, rope_.cosines(t), rope_.sines(t));
    }
    kernels.rope_backward(operands.keys.row(t), d_, rope_.cosines(t), rope_.sines(t));
  }
}

}  // namespace optlab::nn::detail
