#pragma once

#include <cstddef>

#include "gemm/gemm.h"
#include "guest/slots.h"

namespace optlab::gemm {

/// A product from outside the library: C[M,N] = A[M,K]·B[K,N], each row-major without gaps. C is not set beforehand; extents
/// may be 0. While it is there the ladder's row "yours" runs it: operands with other strides are copied before the call,
/// bias and activation follow after it.
OPTLAB_GUEST_SLOT(void, matmul, (const float* a, const float* b, float* c, int M, int K, int N));

namespace detail {
bool has_guest();
std::size_t guest_scratch_bytes(const Problem& problem, const Blocking& blocking, int threads);
void run_guest(const Problem& problem, const Workspace& workspace) noexcept;
}  // namespace detail

}  // namespace optlab::gemm
