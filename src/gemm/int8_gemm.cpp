#include "gemm/int8_gemm.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "core/error.h"
#include "core/ladder.h"
#include "gemm/int8_rows.h"
#include "simd/isa.h"

namespace optlab::gemm {
namespace {

using detail::int8_row;
using detail::Int8Kernels;
using detail::Int8Layout;

bool always() { return true; }

/// A row that has to be made needs a place.
std::size_t naive_scratch(const Int8Problem& problem, int /*threads*/) {
  return problem.rows != nullptr ? static_cast<std::size_t>(problem.b->rows()) + Int8RowSource::kSlack : 0;
}

[[maybe_unused]] constexpr std::string_view kWideIdea = "products of 16-bit words, added in pairs: eight bits by eight";
[[maybe_unused]] constexpr std::string_view kDotIdea =
    "four products of bytes a column and step: activations of seven bits";
[[maybe_unused]] constexpr std::string_view kFusedIdea = "dot and addition in one instruction, where the CPU has one";
[[maybe_unused]] constexpr std::string_view kVnniIdea = "four products of bytes added in one instruction";
[[maybe_unused]] constexpr std::string_view kThreadsIdea = "C divided among the cores";

/// See gemm.cpp's ladder().
std::span<const Int8Variant> ladder() {
  using namespace detail;
  static const Int8Variant kVariants[] = {
    {"int8_naive",
     "three loops, an element of C at a time",
     "scalar",
     {},
     false,
     8,
     Int8Format{},
     naive_scratch,
     int8_naive,
     always,
     nullptr},
    int8_row<kInt8ScalarKernels, false>("int8_packed", "weights in panels, a tile of sums in registers", "scalar",
                                        always),
#if defined(__x86_64__)
    int8_row<kInt8Avx2WideKernels, false>("int8_wide", kWideIdea, "avx2", simd::has_avx2),
    int8_row<kInt8Avx2WideKernels, true>("int8_wide_threads", kThreadsIdea, "avx2", simd::has_avx2),
    int8_row<kInt8Avx2Kernels, false>("int8_dot", kDotIdea, "avx2", simd::has_avx2),
    int8_row<kInt8Avx2Kernels, true>("int8_dot_threads", kThreadsIdea, "avx2", simd::has_avx2),
    int8_row<kInt8Avx512Kernels, false>("int8_vnni", kVnniIdea, "avx512+vnni", simd::has_avx512_vnni),
    int8_row<kInt8Avx512Kernels, true>("int8_vnni_threads", kThreadsIdea, "avx512+vnni", simd::has_avx512_vnni),
#elif defined(__aarch64__)
    int8_row<kInt8NeonWideKernels, false>("int8_wide", kWideIdea, "neon", simd::has_neon),
    int8_row<kInt8NeonWideKernels, true>("int8_wide_threads", kThreadsIdea, "neon", simd::has_neon),
    int8_row<kInt8NeonKernels, false>("int8_dot", kDotIdea, "neon", simd::has_neon),
    int8_row<kInt8NeonKernels, true>("int8_dot_threads", kThreadsIdea, "neon", simd::has_neon),
#elif defined(__wasm_simd128__)
    int8_row<kInt8WasmWideKernels, false>("int8_wide", kWideIdea, "wasm128", simd::has_wasm128),
    int8_row<kInt8WasmWideKernels, true>("int8_wide_threads", kThreadsIdea, "wasm128", simd::has_wasm128),
#if defined(__wasm_relaxed_simd__)
    int8_row<kInt8RelaxedKernels, false>("int8_dot", kDotIdea, "wasm128+relaxed", simd::has_wasm_relaxed),
    int8_row<kInt8RelaxedKernels, true>("int8_dot_threads", kThreadsIdea, "wasm128+relaxed", simd::has_wasm_relaxed),
    int8_row<kInt8FusedKernels, false>("int8_fused", kFusedIdea, "wasm128+relaxed", simd::has_wasm_relaxed),
    int8_row<kInt8FusedKernels, true>("int8_fused_threads", kThreadsIdea, "wasm128+relaxed", simd::has_wasm_relaxed),
#endif
#endif
  };
  return kVariants;
}

/// Copies panel p into the order of the tile: for each group of k and each column its values side by side, zeros beyond
/// the matrix.
template <class Element>
void pack_panel(const Int8Layout& layout, const WeightView& b, int p, Element* to) {
  const int group = layout.format.group;
  const int padded = layout.padded_width(p);
  const int first = p * layout.format.columns;
  for (int k = 0; k < layout.depth; ++k) {
    Element* step = to + static_cast<std::ptrdiff_t>(k / group) * padded * group + k % group;
    for (int i = 0; i < layout.width(p); ++i) step[i * group] = b(k, first + i);  // NOLINT(bugprone-signed-char-misuse)
  }
}

template <class View>
void check_view(const char* what, const View& view) {
  if (view.rows < 0 || view.columns < 0) {
    throw_invalid({"int8 gemm: ", what, " is ", format_shape({view.rows, view.columns}), "; dimensions must be >= 0"});
  }
  if (view.rows > 0 && view.columns > 0 && (view.data == nullptr || view.column_stride != 1)) {
    throw_invalid({"int8 gemm: ", what, (view.data == nullptr ? " has no data" : "'s columns must be adjacent")});
  }
}

template <class Output>
void check(const Int8Variant& variant, const ActivationView& a, const PackedInt8& b, const Output& c) {
  check_view("A", a);
  check_view("C", c);
  if (!b.fits(variant)) {
    throw std::invalid_argument("int8 gemm: B is not packed for " + std::string(variant.name));
  }
  if (a.columns != b.rows() || c.rows != a.rows || c.columns != b.columns()) {
    throw_invalid({"int8 gemm: A is ", format_shape({a.rows, a.columns}), ", B ", format_shape({b.rows(), b.columns()}),
                   " and C ", format_shape({c.rows, c.columns}), "; want A[M,K], B[K,N], C[M,N]"});
  }
}

void check(const Requantization& q, int columns, int depth) {
  if (q.scale.size() != 1 && q.scale.size() != static_cast<std::size_t>(columns)) {
    throw_invalid({"int8 gemm: ", q.scale.size(), " scales for ", columns, " columns; want one, or one a column"});
  }
  if (!std::ranges::all_of(q.scale, [](float scale) { return std::isfinite(scale); })) {
    throw std::invalid_argument("int8 gemm: a scale is not finite");
  }
  if (q.low < 0 || q.low > q.high || q.high > 255) {
    throw_invalid({"int8 gemm: results from ", q.low, " to ", q.high, "; want 0 <= low <= high <= 255"});
  }
  if (depth > kInt8MaxDepth / 2) {
    throw_invalid({"int8 gemm: K is ", depth, "; with a zero point sums fit 32 bits up to ", kInt8MaxDepth / 2});
  }
}

void run(const Int8Variant& variant, const Int8Problem& problem, Context& context) {
  const int threads = variant.threaded ? context.pool.threads() : 1;
  context.scratch.reserve(variant.scratch_bytes(problem, threads));
  variant.run(problem, {context.pool, threads, context.scratch.data(), context.blocking});
}

}  // namespace

std::span<const Int8Variant> int8_variants() { return ladder(); }

const Int8Variant& int8_variant(std::string_view name) { return find_row(int8_variants(), "int8 gemm", name); }

const Int8Variant& best_int8(int activation_bits, int threads) {
  return last_row(int8_variants(), threads, [&](const Int8Variant& row) {
    return row.activation_bits >= activation_bits && (!row.name.starts_with("int8_fused") || detail::int8_fused_pays());
  });
}

PackedInt8::PackedInt8(const Int8Variant& variant, WeightView b)
    : rows_(b.rows), columns_(b.columns), has_value_(true), format_(variant.format) {
  if (b.rows < 0 || b.columns < 0 || b.rows > kInt8MaxDepth || (b.data == nullptr && b.rows > 0 && b.columns > 0)) {
    throw_invalid({"PackedInt8: B is ", format_shape({b.rows, b.columns}),
                   (b.data == nullptr ? " without data" : "; want 0 <= K <= 65536 and N >= 0")});
  }
  column_sums_ = AlignedBuffer<std::int32_t>(static_cast<std::size_t>(columns_));
  for (int k = 0; k < rows_; ++k) {
    for (int n = 0; n < columns_; ++n) column_sums_.data()[n] += b(k, n);
  }
  Int8Layout layout{rows_, columns_, format_};
  if (format_.columns == 0) layout.format.columns = std::max(columns_, 1);  // row by row: one panel
  data_ = AlignedBuffer<std::byte>(layout.bytes());
  for (int p = 0; p < layout.panels(); ++p) {
    std::byte* to = data_.data() + layout.offset(p);
    if (format_.element_bytes == 1) {
      pack_panel(layout, b, p, reinterpret_cast<std::int8_t*>(to));
    } else {
      pack_panel(layout, b, p, reinterpret_cast<std::int16_t*>(to));
    }
  }
}

void multiply_int8(const Int8Variant& variant, ActivationView a, const PackedInt8& b, SumView c, Context& context) {
  check(variant, a, b, c);
  run(variant, {.a = a, .b = &b, .c = c}, context);
}

void multiply_int8(const Int8Variant& variant, ActivationView a, int a_zero, const PackedInt8& b,
                   const Requantization& requantization, BasicMatrixView<std::uint8_t> c, Context& context) {
  check(variant, a, b, c);
  check(requantization, b.columns(), a.columns);
  run(variant, {.a = a, .b = &b, .c = {}, .requantization = &requantization, .zero_point = a_zero, .requantized = c},
      context);
}

namespace {

/// A view that has a shape and no data: the rows come from elsewhere.
ActivationView shape_of(int M, const PackedInt8& b) {
  static constexpr std::uint8_t kNothing = 0;
  return {&kNothing, M, b.rows(), b.rows(), 1};
}

}  // namespace

void multiply_int8(const Int8Variant& variant, int M, const Int8RowSource& a, const PackedInt8& b, SumView c,
                   Context& context) {
  check(variant, shape_of(M, b), b, c);
  run(variant, {.a = shape_of(M, b), .b = &b, .c = c, .rows = &a}, context);
}

void multiply_int8(const Int8Variant& variant, int M, const Int8RowSource& a, int a_zero, const PackedInt8& b,
                   const Requantization& requantization, BasicMatrixView<std::uint8_t> c, Context& context) {
  check(variant, shape_of(M, b), b, c);
  check(requantization, b.columns(), b.rows());
  run(variant,
      {.a = shape_of(M, b),
       .b = &b,
       .c = {},
       .requantization = &requantization,
       .zero_point = a_zero,
       .requantized = c,
       .rows = &a},
      context);
}

}  // namespace optlab::gemm
