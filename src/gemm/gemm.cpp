#include "gemm/gemm.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/error.h"
#include "core/ladder.h"
#include "gemm/gemm_kernels.h"
#include "gemm/guest.h"
#include "simd/isa.h"

namespace optlab::gemm {
namespace {

using detail::Kernels;

bool always() { return true; }

std::size_t no_scratch(const Problem& /*problem*/, const Blocking& /*blocking*/, int /*threads*/) { return 0; }

template <const Kernels& kernels>
std::size_t packed_scratch(const Problem& problem, const Blocking& blocking, int threads) {
  return detail::packed_scratch_bytes(kernels, problem, blocking, threads);
}

template <const Kernels& kernels>
void run_packed(const Problem& problem, const Workspace& workspace) noexcept {
  detail::run_packed(kernels, problem, workspace);
}

template <const Kernels& kernels, bool threaded>
Variant packed(std::string_view name, std::string_view idea, std::string_view isa, Mode mode, bool (*supported)()) {
  return {name,
          idea,
          isa,
          mode,
          threaded,
          {kernels.columns(), kernels.lanes},
          packed_scratch<kernels>,
          run_packed<kernels>,
          supported};
}

constexpr std::string_view kSimdIdea = "the same tile, a vector of columns per instruction";
[[maybe_unused]] constexpr std::string_view kWideIdea = "sixteen lanes and 32 registers: a larger tile";
constexpr std::string_view kThreadsIdea = "C divided among the cores";
[[maybe_unused]] constexpr std::string_view kFusedIdea = "multiply and add fused: one rounding less, other bits";
[[maybe_unused]] constexpr std::string_view kFusedThreadsIdea = "fused, on every core";

#if defined(__wasm_simd128__)
constexpr std::string_view kGuestIsa = "wasm128";
#else
constexpr std::string_view kGuestIsa = "scalar";
#endif

/// Slowest first. A function's own, since the tables of kernels it reads are another file's.
std::span<const Variant> ladder() {
  static const Variant kVariants[] = {
    {"naive", "three loops, an element of C at a time", "scalar", Mode::kExact, false, PanelFormat{}, no_scratch,
     detail::naive, always},
    // Not the last row, so that no dispatcher ever takes it.
    {"yours", "what you wrote", kGuestIsa, Mode::kFast, false, PanelFormat{}, detail::guest_scratch_bytes,
     detail::run_guest, detail::has_guest},
    {"reordered", "the loops over k and n swapped: memory in order", "scalar", Mode::kExact, false, PanelFormat{},
     no_scratch, detail::reordered, always},
    {"blocked", "a block of B that fits the cache, four steps of k per visit to C", "scalar", Mode::kExact, false,
     PanelFormat{}, no_scratch, detail::blocked, always},
    packed<detail::kScalarKernels, false>("packed", "B copied into the order of use, a tile of C in registers",
                                          "scalar", Mode::kExact, always),
#if defined(__x86_64__)
    packed<detail::kAvx2Kernels, false>("simd", kSimdIdea, "avx2", Mode::kExact, simd::has_avx2),
    packed<detail::kAvx2Kernels, true>("simd_threads", kThreadsIdea, "avx2", Mode::kExact, simd::has_avx2),
    packed<detail::kFmaKernels, false>("fma", kFusedIdea, "avx2+fma", Mode::kFast, simd::has_avx2_fma),
    packed<detail::kFmaKernels, true>("fma_threads", kFusedThreadsIdea, "avx2+fma", Mode::kFast, simd::has_avx2_fma),
    packed<detail::kAvx512Kernels, false>("avx512", kWideIdea, "avx512", Mode::kExact, simd::has_avx512),
    packed<detail::kAvx512Kernels, true>("avx512_threads", kThreadsIdea, "avx512", Mode::kExact, simd::has_avx512),
    packed<detail::kAvx512FmaKernels, false>("fma512", kFusedIdea, "avx512+fma", Mode::kFast, simd::has_avx512),
    packed<detail::kAvx512FmaKernels, true>("fma512_threads", kFusedThreadsIdea, "avx512+fma", Mode::kFast,
                                            simd::has_avx512),
#elif defined(__aarch64__)
    packed<detail::kNeonKernels, false>("simd", kSimdIdea, "neon", Mode::kExact, simd::has_neon),
    packed<detail::kNeonKernels, true>("simd_threads", kThreadsIdea, "neon", Mode::kExact, simd::has_neon),
    packed<detail::kNeonFmaKernels, false>("fma", kFusedIdea, "neon+fma", Mode::kFast, simd::has_neon),
    packed<detail::kNeonFmaKernels, true>("fma_threads", kFusedThreadsIdea, "neon+fma", Mode::kFast, simd::has_neon),
#elif defined(__wasm_simd128__)
    packed<detail::kWasm128Kernels, false>("simd", kSimdIdea, "wasm128", Mode::kExact, simd::has_wasm128),
    packed<detail::kWasm128Kernels, true>("simd_threads", kThreadsIdea, "wasm128", Mode::kExact, simd::has_wasm128),
#if defined(__wasm_relaxed_simd__)
    packed<detail::kRelaxedKernels, false>("relaxed", kFusedIdea, "wasm128+relaxed", Mode::kFast,
                                           simd::has_wasm_relaxed),
    packed<detail::kRelaxedKernels, true>("relaxed_threads", kFusedThreadsIdea, "wasm128+relaxed", Mode::kFast,
                                          simd::has_wasm_relaxed),
#endif
#endif
  };
  return kVariants;
}

template <class T>
void check_view(const char* what, const BasicMatrixView<T>& view) {
  if (view.rows < 0 || view.columns < 0) {
    throw_invalid({"gemm: ", what, " is ", format_shape({view.rows, view.columns}), "; dimensions must be >= 0"});
  }
  if (view.data == nullptr && view.rows > 0 && view.columns > 0) {
    throw_invalid({"gemm: ", what, " has no data"});
  }
}

void check_operands(const Problem& problem) {
  const auto& [a, b, c, epilogue, panels] = problem;
  check_view("A", a);
  check_view("B", b);
  check_view("C", c);
  if (a.columns != b.rows || c.rows != a.rows || c.columns != b.columns) {
    throw_invalid({"gemm: A is ", format_shape({a.rows, a.columns}), ", B ", format_shape({b.rows, b.columns}),
                   " and C ", format_shape({c.rows, c.columns}), "; want A[M,K], B[K,N], C[M,N]"});
  }
  if (c.column_stride != 1 || (c.rows > 1 && c.row_stride < c.columns)) {
    throw_invalid({"gemm: C's strides are ", c.row_stride, " and ", c.column_stride,
                   "; its columns must be adjacent and its rows apart"});
  }
}

}  // namespace

void check(const Blocking& blocking) {
  constexpr int kMost = 1 << 20;  // rounded up to whole tiles it is still an int
  for (const int extent : {blocking.depth, blocking.rows, blocking.columns}) {
    if (extent >= 1 && extent <= kMost) continue;
    throw_invalid({"gemm: blocking ", format_shape({blocking.depth, blocking.rows, blocking.columns}),
                   "; depth, rows and columns must be 1 to ", kMost});
  }
}

std::span<const Variant> variants() { return ladder(); }

const Variant& variant(std::string_view name) { return find_row(variants(), "gemm", name); }

void multiply(const Variant& variant, const Problem& problem, Context& context) {
  check_operands(problem);
  check(context.blocking);
  const int threads = variant.threaded ? context.pool.threads() : 1;
  context.scratch.reserve(variant.scratch_bytes(problem, context.blocking, threads));
  variant.run(problem, {context.pool, threads, context.scratch.data(), context.blocking});
}

void multiply(const Problem& problem, Context& context, Mode mode) {
  const int threads = context.pool.threads();
  multiply(best(mode, problem.c.rows, problem.c.columns, problem.a.columns, threads), problem, context);
}

const Variant& best(Mode mode, int /*M*/, int /*N*/, int /*K*/, int threads) {
  // The packed rungs take the small and narrow paths by themselves.
  return last_row(variants(), threads,
                  [&](const Variant& row) { return mode == Mode::kFast || row.mode == Mode::kExact; });
}

}  // namespace optlab::gemm
