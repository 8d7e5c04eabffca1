#include <valgrind/callgrind.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "core/rng.h"
#include "core/tensor.h"
#include "gemm/gemm.h"
#include "gemm/gemm_kernels.h"
#include "gemm/int8_kernels.h"
#include "simd/targets.h"

/// What callgrind counts for tools/drift.ts: every building block once, each between two requests that switch the counting on and off. A
/// line for each case: its name and its work, in multiply-adds (packing: in elements), then the compiler's.
namespace optlab::gemm {
namespace {

using detail::Kernels;

Tensor random(int rows, int columns) {
  Tensor result(Shape{rows, columns});
  Rng(1, 0).fill_uniform(result.values(), -1.0F, 1.0F);
  return result;
}

template <class Run>
void count(const std::string& name, double work, const Run& run) {
  run();  // what happens only once, such as allocation and lazy binding, is not counted
  CALLGRIND_ZERO_STATS;
  CALLGRIND_TOGGLE_COLLECT;
  run();
  CALLGRIND_TOGGLE_COLLECT;
  CALLGRIND_DUMP_STATS_AT(name.c_str());
  std::printf("case\t%s\t%.0f\n", name.c_str(), work);
}

void count_kernels(const std::string& isa, const Kernels& kernels) {
  constexpr int kDepth = 256;
  const int rows = kernels.rows, columns = kernels.columns();
  const Tensor a = random(kDepth, rows), b = random(kDepth, detail::kPanels * columns);
  Tensor c = random(rows, detail::kPanels * columns);
  const ConstMatrixView a_packed{a.values().data(), rows, kDepth, 1, rows};
  const ConstMatrixView b_packed{b.values().data(), kDepth, columns, columns, 1};
  const MatrixView c_tile = c.matrix().block(0, 0, rows, columns);
  count(isa + " tile", 1.0 * rows * columns * kDepth,
        [&] { kernels.tile[kernels.rows - 1][kernels.vectors - 1](a_packed, b_packed, c_tile, false); });
  count(isa + " tile, one row", 1.0 * columns * kDepth,
        [&] { kernels.tile[0][kernels.vectors - 1](a_packed.block(0, 0, 1, kDepth), b_packed, c_tile, true); });

  const ConstMatrixView vector{a.values().data(), 1, kDepth, kDepth, 1};
  count(isa + " row", 1.0 * b.matrix().columns * kDepth, [&] { kernels.row(vector, b.matrix(), c.values().data()); });
  count(isa + " panels", 1.0 * detail::kPanels * columns * kDepth, [&] {
    kernels.panels(vector, b.values().data(), static_cast<std::ptrdiff_t>(columns) * kDepth, c.values().data());
  });
}

void count_int8_kernels(const std::string& name, const detail::Int8Kernels& kernels) {
  constexpr int kDepth = 256;
  const int rows = kernels.rows, columns = kernels.columns(), groups = kDepth / kernels.group;
  const std::ptrdiff_t a_stride = static_cast<std::ptrdiff_t>(kDepth) * kernels.a_bytes;
  const std::ptrdiff_t panel = static_cast<std::ptrdiff_t>(kDepth) * columns * kernels.b_bytes;
  const std::vector<std::byte> a(static_cast<std::size_t>(rows * a_stride), std::byte{1});
  const std::vector<std::byte> b(static_cast<std::size_t>(detail::kInt8Panels * panel), std::byte{1});
  std::vector<std::int32_t> c(static_cast<std::size_t>(std::max(rows, detail::kInt8Panels)) * columns);
  count(name + " tile", 1.0 * rows * columns * kDepth, [&] {
    kernels.tile[rows - 1][kernels.vectors - 1](groups, {a.data(), a_stride}, b.data(), c.data(), columns);
  });
  count(name + " panels", 1.0 * detail::kInt8Panels * columns * kDepth,
        [&] { kernels.panels(groups, a.data(), b.data(), panel, c.data()); });
}

void count_packing() {
  constexpr int kDepth = 256, kColumns = 16, kRows = 6;
  const Tensor b = random(kDepth, 4 * kColumns), a = random(kRows, kDepth);
  Tensor to = random(kDepth, kColumns);
  count("pack 16 columns", 1.0 * kDepth * kColumns,
        [&] { detail::pack(b.matrix().block(0, 0, kDepth, kColumns), kColumns, to.values().data()); });
  count("pack 6 rows", 1.0 * kDepth * kRows, [&] { detail::pack(a.matrix().transposed(), kRows, to.values().data()); });
}

void count_product(const std::string& name, Mode mode) {
  constexpr int kSize = 64;
  const Tensor a = random(kSize, kSize), b = random(kSize, kSize);
  Tensor c = random(kSize, kSize);
  parallel::ThreadPool pool(1);
  Arena scratch;
  Context context{pool, scratch};
  const Variant& rung = best(mode, kSize, kSize, kSize, 1);
  count(name, 1.0 * kSize * kSize * kSize, [&] { multiply(rung, {a.matrix(), b.matrix(), c.matrix(), {}}, context); });
}

void count_all() {
  count_kernels("avx2", detail::KernelsOf<simd::Avx2>::kTable);
  count_kernels("fma", detail::KernelsOf<simd::Avx2Fma>::kTable);
  count_int8_kernels("int8 dot, avx2", detail::Int8KernelsOf<simd::Avx2Dot>::kTable);
  count_int8_kernels("int8 wide, avx2", detail::Int8KernelsOf<simd::Avx2Dot16>::kTable);
  count_packing();
  count_product("product 64, exact", Mode::kExact);
  count_product("product 64, fast", Mode::kFast);
}

}  // namespace
}  // namespace optlab::gemm

int main() {
  if (RUNNING_ON_VALGRIND == 0) {
    std::fputs("gemm_instructions counts nothing by itself: run it under valgrind --tool=callgrind\n", stderr);
    return 2;
  }
  if (optlab::simd::isa_name() != "avx2+fma") {
    std::fprintf(stderr, "gemm_instructions: the kernels counted are those of avx2+fma; this is %s\n",
                 optlab::simd::isa_name().c_str());
    return 2;
  }
  optlab::gemm::count_all();
#if defined(__clang__)
  std::printf("compiler\tClang\t%s\n", __clang_version__);
#else
  std::printf("compiler\tGCC\t%s\n", __VERSION__);
#endif
}
