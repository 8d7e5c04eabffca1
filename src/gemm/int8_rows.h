#pragma once

#include "gemm/int8_kernels.h"
#include "simd/targets.h"

/// Rows of the integer ladder; private to this folder.
namespace optlab::gemm::detail {

template <const Int8Kernels& kernels>
std::size_t int8_row_scratch(const Int8Problem& problem, const Blocking& /*blocking*/, int threads) {
  return int8_scratch_bytes(kernels, problem, threads);
}

template <const Int8Kernels& kernels>
void run_int8_row(const Int8Problem& problem, const Workspace& workspace) noexcept {
  run_int8(kernels, problem, workspace);
}

/// The variant of a target, with one thread or with threads.
template <class Dot>
Int8Variant int8_row(const simd::DotTarget& target, bool threaded) {
  constexpr const Int8Kernels& kernels = Int8KernelsOf<Dot>::kTable;
  return {{threaded ? target.threaded : target.name, threaded ? "C divided among the cores" : target.idea, target.isa,
           Mode::kExact, threaded, target.supported},
          kernels.roof,
          kernels.activation_bits,
          kernels.format(),
          int8_row_scratch<kernels>,
          run_int8_row<kernels>,
          &kernels};
}

}  // namespace optlab::gemm::detail
