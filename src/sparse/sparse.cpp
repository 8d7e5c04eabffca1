#include "sparse/sparse.h"

#include <string>

#include "core/error.h"
#include "core/ladder.h"
#include "simd/isa.h"
#include "sparse/sparse_kernels.h"

namespace optlab::sparse {
namespace {

using detail::Kernels;
using gemm::Mode;

bool always() { return true; }

std::size_t no_scratch(const Problem& /*problem*/, int /*threads*/) { return 0; }

template <const Kernels& kernels>
std::size_t scratch_bytes(const Problem& problem, int threads) {
  return detail::panel_scratch_bytes(kernels, problem, threads);
}

template <const Kernels& kernels>
void run(const Problem& problem, const gemm::Workspace& workspace) noexcept {
  detail::run_panels(kernels, problem, workspace);
}

template <const Kernels& kernels, bool threaded>
Variant panels(std::string_view name, std::string_view idea, std::string_view isa, Mode mode, bool (*supported)()) {
  return {name, idea, isa, mode, threaded, scratch_bytes<kernels>, run<kernels>, supported};
}

[[maybe_unused]] constexpr std::string_view kSimdIdea =
    "a weight meets a vector of rows; a single row meets a vector of weights";
[[maybe_unused]] constexpr std::string_view kWideIdea = "sixteen lanes and 32 registers: a larger tile";
[[maybe_unused]] constexpr std::string_view kThreadsIdea = "rows, or panels of outputs, divided among the cores";
[[maybe_unused]] constexpr std::string_view kFusedIdea = "multiply and add fused: one rounding less, other bits";
[[maybe_unused]] constexpr std::string_view kFusedThreadsIdea = "fused, on every core";

/// Slowest first. A function's own, since the tables of kernels it reads are another file's.
std::span<const Variant> ladder() {
  static const Variant kVariants[] = {
    {"naive", "an output at a time, over its stored weights", "scalar", Mode::kExact, false, no_scratch, detail::naive,
     always},
#if !defined(__wasm__)  // there every build has vectors, and a download has a size
    panels<detail::kScalarKernels, false>("packed", "sums in registers, a weight used for several rows of A", "scalar",
                                          Mode::kExact, always),
#endif
#if defined(__x86_64__)
    panels<detail::kAvx2Kernels, false>("simd", kSimdIdea, "avx2", Mode::kExact, simd::has_avx2),
    panels<detail::kAvx2Kernels, true>("simd_threads", kThreadsIdea, "avx2", Mode::kExact, simd::has_avx2),
    panels<detail::kFmaKernels, false>("fma", kFusedIdea, "avx2+fma", Mode::kFast, simd::has_avx2_fma),
    panels<detail::kFmaKernels, true>("fma_threads", kFusedThreadsIdea, "avx2+fma", Mode::kFast, simd::has_avx2_fma),
    panels<detail::kAvx512Kernels, false>("avx512", kWideIdea, "avx512", Mode::kExact, simd::has_avx512),
    panels<detail::kAvx512Kernels, true>("avx512_threads", kThreadsIdea, "avx512", Mode::kExact, simd::has_avx512),
    panels<detail::kAvx512FmaKernels, false>("fma512", kFusedIdea, "avx512+fma", Mode::kFast, simd::has_avx512),
    panels<detail::kAvx512FmaKernels, true>("fma512_threads", kFusedThreadsIdea, "avx512+fma", Mode::kFast,
                                            simd::has_avx512),
#elif defined(__aarch64__)
    panels<detail::kNeonKernels, false>("simd", kSimdIdea, "neon", Mode::kExact, simd::has_neon),
    panels<detail::kNeonKernels, true>("simd_threads", kThreadsIdea, "neon", Mode::kExact, simd::has_neon),
    panels<detail::kNeonFmaKernels, false>("fma", kFusedIdea, "neon+fma", Mode::kFast, simd::has_neon),
    panels<detail::kNeonFmaKernels, true>("fma_threads", kFusedThreadsIdea, "neon+fma", Mode::kFast, simd::has_neon),
#elif defined(__wasm_simd128__)
    panels<detail::kWasm128Kernels, false>("simd", kSimdIdea, "wasm128", Mode::kExact, simd::has_wasm128),
    panels<detail::kWasm128Kernels, true>("simd_threads", kThreadsIdea, "wasm128", Mode::kExact, simd::has_wasm128),
#if defined(__wasm_relaxed_simd__)
    panels<detail::kRelaxedKernels, false>("relaxed", kFusedIdea, "wasm128+relaxed", Mode::kFast,
                                           simd::has_wasm_relaxed),
    panels<detail::kRelaxedKernels, true>("relaxed_threads", kFusedThreadsIdea, "wasm128+relaxed", Mode::kFast,
                                          simd::has_wasm_relaxed),
#endif
#endif
  };
  return kVariants;
}

template <class T>
void check_view(const char* what, const BasicMatrixView<T>& view) {
  if (view.rows < 0 || view.columns < 0) {
    throw_invalid({"sparse: ", what, " is ", format_shape({view.rows, view.columns}), "; dimensions must be >= 0"});
  }
  if (view.data == nullptr && view.rows > 0 && view.columns > 0) {
    throw_invalid({"sparse: ", what, " has no data"});
  }
}

void check(const Problem& problem) {
  const auto& [a, w, c, epilogue] = problem;
  check_view("A", a);
  check_view("C", c);
  if (a.columns != w.rows() || c.rows != a.rows || c.columns != w.columns()) {
    throw_invalid({"sparse: A is ", format_shape({a.rows, a.columns}), ", W ", format_shape({w.rows(), w.columns()}),
                   " and C ", format_shape({c.rows, c.columns}), "; want A[M,K], W[K,N], C[M,N]"});
  }
  if (c.column_stride != 1 || (c.rows > 1 && c.row_stride < c.columns)) {
    throw_invalid({"sparse: C's strides are ", c.row_stride, " and ", c.column_stride,
                   "; its columns must be adjacent and its rows apart"});
  }
}

}  // namespace

std::span<const Variant> variants() { return ladder(); }

const Variant& variant(std::string_view name) { return find_row(variants(), "sparse", name); }

void multiply(const Variant& variant, const Problem& problem, gemm::Context& context) {
  check(problem);
  const int threads = variant.threaded ? context.pool.threads() : 1;
  context.scratch.reserve(variant.scratch_bytes(problem, threads));
  variant.run(problem, {context.pool, threads, context.scratch.data(), context.blocking});
}

void multiply(const Problem& problem, gemm::Context& context, Mode mode) {
  multiply(best(mode, context.pool.threads()), problem, context);
}

const Variant& best(Mode mode, int threads) {
  return last_row(variants(), threads,
                  [&](const Variant& row) { return mode == Mode::kFast || row.mode == Mode::kExact; });
}

}  // namespace optlab::sparse
