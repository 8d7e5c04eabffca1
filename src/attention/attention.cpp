#include "attention/attention.h"

#include <limits>
#include <string>

#include "attention/attention_kernels.h"
#include "attention/stored_kernels.h"
#include "core/error.h"
#include "core/ladder.h"
#include "simd/isa.h"

namespace optlab::attention {
namespace {

using detail::Kernels;
using detail::StoredKernels;
using gemm::Mode;

bool always() { return true; }

template <const Kernels& kernels, const StoredKernels& stored>
void run_two_pass(const Problem& problem, const Workspace& workspace) noexcept {
  detail::run_two_pass({kernels, stored}, problem, workspace);
}

template <const Kernels& kernels, const StoredKernels& stored>
void run_online(const Problem& problem, const Workspace& workspace) noexcept {
  detail::run_online({kernels, stored}, problem, workspace);
}

template <const Kernels& kernels, const StoredKernels& stored, bool threaded>
Variant two_pass(std::string_view name, std::string_view idea, std::string_view isa, bool (*supported)()) {
  return {
      name,     idea, isa, Mode::kExact, threaded, true, detail::two_pass_scratch_bytes, run_two_pass<kernels, stored>,
      supported};
}

template <const Kernels& kernels, const StoredKernels& stored, bool threaded>
Variant online(std::string_view name, std::string_view idea, std::string_view isa, bool (*supported)()) {
  return {name,     idea, isa, Mode::kFast, threaded, true, detail::online_scratch_bytes, run_online<kernels, stored>,
          supported};
}

[[maybe_unused]] constexpr std::string_view kPackedIdea =
    "keys in panels, a tile of scores and of results in registers";
[[maybe_unused]] constexpr std::string_view kSimdIdea = "the same, a vector of keys or of results per instruction";
[[maybe_unused]] constexpr std::string_view kWideIdea = "sixteen lanes and 32 registers: a larger tile";
[[maybe_unused]] constexpr std::string_view kThreadsIdea = "blocks of queries divided among the cores";
[[maybe_unused]] constexpr std::string_view kFlashIdea =
    "a block of keys at a time with a running maximum: scores never leave the cache";
[[maybe_unused]] constexpr std::string_view kFlashThreadsIdea = "the same on every core";

/// Slowest first. A function's own, since the tables of kernels it reads are another file's.
std::span<const Variant> ladder() {
  static const Variant kVariants[] = {
    {"naive", "the equation, a query at a time", "scalar", Mode::kExact, false, false, detail::naive_scratch_bytes,
     detail::naive, always},
#if !defined(__wasm__)  // there every build has vectors, and a download has a size
    two_pass<detail::kScalarKernels, detail::kScalarStored, false>("packed", kPackedIdea, "scalar", always),
#endif
#if defined(__x86_64__)
    two_pass<detail::kAvx2Kernels, detail::kAvx2Stored, false>("simd", kSimdIdea, "avx2", simd::has_avx2),
    two_pass<detail::kAvx2Kernels, detail::kAvx2Stored, true>("simd_threads", kThreadsIdea, "avx2", simd::has_avx2),
    online<detail::kFmaKernels, detail::kFmaStored, false>("flash", kFlashIdea, "avx2+fma", simd::has_avx2_fma),
    online<detail::kFmaKernels, detail::kFmaStored, true>("flash_threads", kFlashThreadsIdea, "avx2+fma",
                                                          simd::has_avx2_fma),
    two_pass<detail::kAvx512Kernels, detail::kAvx2Stored, false>("avx512", kWideIdea, "avx512", simd::has_avx512),
    two_pass<detail::kAvx512Kernels, detail::kAvx2Stored, true>("avx512_threads", kThreadsIdea, "avx512",
                                                                simd::has_avx512),
    online<detail::kAvx512FmaKernels, detail::kFmaStored, false>("flash512", kFlashIdea, "avx512+fma",
                                                                 simd::has_avx512),
    online<detail::kAvx512FmaKernels, detail::kFmaStored, true>("flash512_threads", kFlashThreadsIdea, "avx512+fma",
                                                                simd::has_avx512),
#elif defined(__aarch64__)
    two_pass<detail::kNeonKernels, detail::kNeonStored, false>("simd", kSimdIdea, "neon", simd::has_neon),
    two_pass<detail::kNeonKernels, detail::kNeonStored, true>("simd_threads", kThreadsIdea, "neon", simd::has_neon),
    online<detail::kNeonFmaKernels, detail::kNeonFmaStored, false>("flash", kFlashIdea, "neon+fma", simd::has_neon),
    online<detail::kNeonFmaKernels, detail::kNeonFmaStored, true>("flash_threads", kFlashThreadsIdea, "neon+fma",
                                                                  simd::has_neon),
#elif defined(__wasm_simd128__)
    two_pass<detail::kWasm128Kernels, detail::kWasm128Stored, false>("simd", kSimdIdea, "wasm128", simd::has_wasm128),
    two_pass<detail::kWasm128Kernels, detail::kWasm128Stored, true>("simd_threads", kThreadsIdea, "wasm128",
                                                                    simd::has_wasm128),
#if defined(__wasm_relaxed_simd__)
    online<detail::kRelaxedKernels, detail::kRelaxedStored, false>("flash", kFlashIdea, "wasm128+relaxed",
                                                                   simd::has_wasm_relaxed),
    online<detail::kRelaxedKernels, detail::kRelaxedStored, true>("flash_threads", kFlashThreadsIdea, "wasm128+relaxed",
                                                                  simd::has_wasm_relaxed),
#else
    online<detail::kWasm128Kernels, detail::kWasm128Stored, false>("flash", kFlashIdea, "wasm128", simd::has_wasm128),
    online<detail::kWasm128Kernels, detail::kWasm128Stored, true>("flash_threads", kFlashThreadsIdea, "wasm128",
                                                                  simd::has_wasm128),
#endif
#endif
  };
  return kVariants;
}

template <class T>
std::string shape(const BasicHeads<T>& view) {
  return format_shape({view.tokens, view.heads, view.size});
}

[[noreturn]] void refuse(const std::string& message) { throw std::invalid_argument("attention: " + message); }

template <class T>
void check_view(const std::string& what, const BasicHeads<T>& view, bool needs_data) {
  checked_element_count("attention: " + what, {view.tokens, view.heads, view.size});
  if (view.heads < 1 || view.size < 1) refuse(text({what, " is ", shape(view), "; heads and D must be >= 1"}));
  if (needs_data && view.data == nullptr && view.tokens > 0) refuse(what + " has no data");
}

void check_positions(const Problem& problem) {
  if (problem.first_query < 0 || problem.first_query > std::numeric_limits<int>::max() - problem.q.tokens) {
    refuse(text({"first_query is ", problem.first_query, " for ", problem.q.tokens,
                 " queries; positions must be >= 0 and < 2^31"}));
  }
  if (problem.first_key < 0 || problem.first_key % kPanelKeys != 0) {
    refuse(text({"first_key is ", problem.first_key, "; it must be a multiple of ", kPanelKeys,
                 " and >= 0, so that keys keep their place in the sums"}));
  }
  if (problem.window < 0) refuse(text({"window is ", problem.window, "; it must be >= 0"}));
  if (problem.window > 0 && !problem.causal) refuse("a window needs a causal mask");
}

void check_stored(const Problem& problem) {
  const auto& [storage, keys, values, head_stride, key_scales, value_scales, scale_stride, finite] = problem.stored;
  if (problem.k_panels.data != nullptr) refuse("K is stored and has panels of float32");
  if (problem.k.tokens == 0) return;
  if (keys == nullptr || values == nullptr ||
      (storage == Storage::kInt8 && (key_scales == nullptr || value_scales == nullptr))) {
    refuse("stored keys, values or scales have no data");
  }
  const std::size_t head = key_panel_floats(problem.k.tokens, problem.k.size);
  const std::size_t vectors = key_panel_floats(problem.k.tokens, 1);
  if (problem.k.heads > 1 && (head_stride < static_cast<std::ptrdiff_t>(head) ||
                              (storage == Storage::kInt8 && scale_stride < static_cast<std::ptrdiff_t>(vectors)))) {
    refuse(text({"stored K and V have ", head_stride, " numbers and ", scale_stride, " scales a head; K ",
                 shape(problem.k), " needs ", head, " and ", vectors}));
  }
}

void check(const Problem& problem) {
  const auto& [q, k, v, out, causal, first_query, first_key, window, panels, stored] = problem;
  const bool is_stored = stored.storage != Storage::kFloat32;
  check_view("Q", q, true);
  check_view("K", k, panels.data == nullptr && !is_stored);
  check_view("V", v, !is_stored);
  check_view("O", out, true);
  if (out.tokens != q.tokens || out.heads != q.heads || out.size != q.size || v.tokens != k.tokens ||
      v.heads != k.heads || v.size != k.size || k.size != q.size) {
    refuse(text({"Q is ", shape(q), ", K ", shape(k), ", V ", shape(v), " and O ", shape(out),
                 "; want Q[T,H,D], K[S,G,D], V[S,G,D], O[T,H,D]"}));
  }
  if (q.heads % k.heads != 0) {
    refuse(text({"Q has ", q.heads, " heads, K and V ", k.heads, "; G must divide H"}));
  }
  if ((out.tokens > 1 && out.token_stride < out.size) || (out.heads > 1 && out.head_stride < out.size)) {
    refuse(text({"O's strides are ", out.token_stride, " and ", out.head_stride, "; its vectors of ", out.size,
                 " must be apart"}));
  }
  const std::size_t head = key_panel_floats(k.tokens, k.size);
  if (panels.data != nullptr && k.heads > 1 && panels.head_stride < static_cast<std::ptrdiff_t>(head)) {
    refuse(text({"the panels of K have ", panels.head_stride, " floats a head; K ", shape(k), " needs ", head}));
  }
  if (is_stored) check_stored(problem);
  check_positions(problem);
}

}  // namespace

std::span<const Variant> variants() { return ladder(); }

const Variant& variant(std::string_view name) { return find_row(variants(), "attention", name); }

void attend(const Variant& variant, const Problem& problem, Context& context) {
  check(problem);
  const int threads = variant.threaded ? context.pool.threads() : 1;
  context.scratch.reserve(variant.scratch_bytes(problem, threads));
  variant.run(problem, {context.pool, threads, context.scratch.data()});
}

void attend(const Problem& problem, Context& context, Mode mode) {
  attend(best(mode, context.pool.threads()), problem, context);
}

const Variant& best(Mode mode, int threads) {
  return last_row(variants(), threads,
                  [&](const Variant& row) { return mode == Mode::kFast || row.mode == Mode::kExact; });
}

double flops(const Problem& problem) {
  double pairs = 0.0;
  for (int t = 0; t < problem.q.tokens; ++t) {
    const auto [begin, end] = detail::visible(problem, t);
    pairs += end - begin;
  }
  return 4.0 * problem.q.size * problem.q.heads * pairs;
}

}  // namespace optlab::attention
