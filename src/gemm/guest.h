#pragma once

#include <cstddef>

#include "gemm/gemm.h"

namespace optlab::gemm {

/// A product from outside the library, such as a student's: C[M,N] = A[M,K]·B[K,N], each row-major without gaps. C is not
/// set beforehand; extents may be 0.
using Guest = void (*)(const float* a, const float* b, float* c, int M, int K, int N);

/// The ladder's row "yours" runs `kernel` from now on; null takes the row away again. Not while a product runs.
///
/// Operands with other strides are copied before the call, bias and activation follow after it. What the kernel does is
/// its own affair: a wrong one gives wrong results, a hostile one may overwrite all of this program's memory.
void set_guest(Guest kernel);

namespace detail {
bool has_guest();
std::size_t guest_scratch_bytes(const Problem& problem, const Blocking& blocking, int threads);
void run_guest(const Problem& problem, const Workspace& workspace) noexcept;
}  // namespace detail

}  // namespace optlab::gemm
