#pragma once

#include "gemm/int8_kernels.h"

/// Rows of the integer ladder; private to this folder.
namespace optlab::gemm::detail {

template <const Int8Kernels& kernels>
std::size_t int8_row_scratch(const Int8Problem& problem, int threads) {
  return int8_scratch_bytes(kernels, problem, threads);
}

template <const Int8Kernels& kernels>
void run_int8_row(const Int8Problem& problem, const Workspace& workspace) noexcept {
  run_int8(kernels, problem, workspace);
}

template <const Int8Kernels& kernels, bool threaded>
Int8Variant int8_row(std::string_view name, std::string_view idea, std::string_view isa, bool (*supported)()) {
  return {name,
          idea,
          isa,
          kernels.roof,
          threaded,
          kernels.activation_bits,
          kernels.format(),
          int8_row_scratch<kernels>,
          run_int8_row<kernels>,
          supported,
          &kernels};
}

}  // namespace optlab::gemm::detail
