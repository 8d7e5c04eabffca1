#include <algorithm>
#include <cstdint>
#include <limits>

#include "core/buffer.h"
#include "gemm/int8_kernels.h"
#include "measure/clock.h"
#include "simd/targets.h"

/// Which form of the relaxed dot product this engine and CPU do faster.
namespace optlab::gemm::detail {

#if defined(__wasm_relaxed_simd__)
namespace {

constexpr int kGroups = 256;
constexpr int kCalls = 40;         // some 20 µs
constexpr double kSeconds = 0.04;  // an engine that starts in baseline code has replaced it by then

/// Seconds that a step of a row takes `kernels`' largest tile.
double seconds_per_row(const Int8Kernels& kernels, const AlignedBuffer<std::byte>& data, std::int32_t* sums) {
  const Int8Rows rows{data.data(), kGroups * kernels.group};
  const double start = measure::now_seconds();
  for (int i = 0; i < kCalls; ++i) {
    kernels.tile[kernels.rows - 1][kernels.vectors - 1](kGroups, rows, data.data(), sums, kernels.columns());
  }
  return (measure::now_seconds() - start) / kernels.rows;
}

bool measure() {
  const AlignedBuffer<std::byte> data(std::size_t{kGroups} * 4 * 16);
  std::int32_t sums[kInt8MostRows * kInt8MostVectors * 16];
  double three = std::numeric_limits<double>::infinity(), fused = three;
  const double start = measure::now_seconds();
  while (measure::now_seconds() - start < kSeconds) {
    three = std::min(three, seconds_per_row(Int8KernelsOf<simd::WasmRelaxedDot>::kTable, data, sums));
    fused = std::min(fused, seconds_per_row(Int8KernelsOf<simd::WasmRelaxedDotAdd>::kTable, data, sums));
  }
  return fused < three;
}

}  // namespace

bool int8_fused_pays() {
  static const bool pays = measure();
  return pays;
}
#else
bool int8_fused_pays() { return false; }
#endif

}  // namespace optlab::gemm::detail
