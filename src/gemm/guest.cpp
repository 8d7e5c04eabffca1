#include "gemm/guest.h"

#include <algorithm>

namespace optlab::gemm {
namespace {

template <class View>
bool is_dense(const View& view) {
  return view.column_stride == 1 && (view.rows <= 1 || view.row_stride == view.columns);
}

template <class View>
std::size_t copied_floats(const View& view) {
  return is_dense(view) ? 0 : static_cast<std::size_t>(view.rows) * view.columns;
}

/// The operand as the kernel wants it: where it lies, or copied to `room`, which moves on.
const float* dense(const ConstMatrixView& view, float*& room) {
  if (is_dense(view)) return view.data;
  const float* const begin = room;
  for (int i = 0; i < view.rows; ++i) {
    for (int j = 0; j < view.columns; ++j) *room++ = view.row(i)[j * view.column_stride];
  }
  return begin;
}

}  // namespace

namespace detail {

bool has_guest() { return static_cast<bool>(guest_matmul); }

std::size_t guest_scratch_bytes(const Problem& problem, const Blocking& /*blocking*/, int /*threads*/) {
  return sizeof(float) * (copied_floats(problem.a) + copied_floats(problem.b) + copied_floats(problem.c));
}

void run_guest(const Problem& problem, const Workspace& workspace) noexcept {
  const auto& [a, b, c, epilogue, panels] = problem;
  auto* room = reinterpret_cast<float*>(workspace.scratch);
  const float* const dense_a = dense(a, room);
  const float* const dense_b = dense(b, room);
  float* const result = is_dense(c) ? c.data : room;
  guest_matmul(dense_a, dense_b, result, c.rows, a.columns, c.columns);
  for (int i = 0; i < c.rows; ++i) {
    const float* const from = result + static_cast<std::ptrdiff_t>(i) * c.columns;
    for (int j = 0; j < c.columns; ++j) {
      const float value = epilogue.bias == nullptr ? from[j] : from[j] + epilogue.bias[j];
      c.row(i)[j] = epilogue.activation == Activation::kRelu ? std::max(value, 0.0F) : value;
    }
  }
}

}  // namespace detail
}  // namespace optlab::gemm
