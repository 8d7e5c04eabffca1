#include "attention/attention.h"

#include <limits>
#include <string>

#include "attention/attention_kernels.h"
#include "attention/stored_kernels.h"
#include "core/error.h"
#include "core/ladder.h"
#include "simd/targets.h"

namespace optlab::attention {
namespace {

using gemm::Mode;

/// A target's tables: float32, and of keys and values in fewer bits those of the widest target that has some.
template <class Simd>
detail::KernelSet kernels_of() {
  return {detail::KernelsOf<Simd>::kTable, detail::StoredKernelsOf<typename simd::NarrowerOf<Simd>::Type>::kTable};
}

template <class Simd>
constexpr Variant two_pass(const Row& row) {
  const auto run = [](const Problem& problem, const Workspace& workspace) noexcept {
    detail::run_two_pass(kernels_of<Simd>(), problem, workspace);
  };
  return {row, true, detail::two_pass_scratch_bytes, run};
}

template <class Simd>
constexpr Variant online(Row row) {
  const auto run = [](const Problem& problem, const Workspace& workspace) noexcept {
    detail::run_online(kernels_of<Simd>(), problem, workspace);
  };
  row.mode = Mode::kFast;
  return {row, true, detail::online_scratch_bytes, run};
}

constexpr simd::Ideas kIdeas{.simd = "the same, a vector of keys or of results per instruction",
                             .wide = "sixteen lanes and 32 registers: a larger tile",
                             .threads = "blocks of queries divided among the cores",
                             .fused = {},
                             .fused_threads = {}};

constexpr Row flash(const simd::Target& target, bool threaded) {
  Row row = row_of(target, threaded, kIdeas);
  row.name = target.wide ? (threaded ? "flash512_threads" : "flash512") : threaded ? "flash_threads" : "flash";
  row.idea = threaded ? "the same on every core"
                      : "a block of keys at a time with a running maximum: scores never leave the cache";
  return row;
}

constexpr Ladder<Variant> ladder() {
  Ladder<Variant> rows;
  rows.add({{"naive", "the equation, a query at a time", "scalar", Mode::kExact, false, always},
            false,
            detail::naive_scratch_bytes,
            detail::naive});
  if constexpr (simd::kHasScalar) {
    rows.add(two_pass<simd::Scalar>({"packed", "keys in panels, a tile of scores and of results in registers", "scalar",
                                     Mode::kExact, false, always}));
  }
  simd::for_each_target([&]<class Simd>(const simd::Target& target) {
    for (const bool threaded : {false, true}) {
      if constexpr (!simd::kFused<Simd>) rows.add(two_pass<Simd>(row_of(target, threaded, kIdeas)));
    }
    for (const bool threaded : {false, true}) {
      if constexpr (simd::kFused<Simd> || !simd::kHasFused) rows.add(online<Simd>(flash(target, threaded)));
    }
  });
  return rows;
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

std::span<const Variant> variants() {
  static constexpr Ladder<Variant> kVariants = ladder();
  return kVariants;
}

const Variant& variant(std::string_view name) { return find_row(variants(), "attention", name); }

void attend(const Variant& variant, const Problem& problem, Context& context) {
  check(problem);
  gemm::run(variant, problem, context);
}

void attend(const Problem& problem, Context& context, Mode mode) {
  attend(best(mode, context.pool.threads()), problem, context);
}

const Variant& best(Mode mode, int threads) { return best_row(variants(), mode, threads); }

double flops(const Problem& problem) {
  double pairs = 0.0;
  for (int t = 0; t < problem.q.tokens; ++t) {
    const auto [begin, end] = detail::visible(problem, t);
    pairs += end - begin;
  }
  return 4.0 * problem.q.size * problem.q.heads * pairs;
}

}  // namespace optlab::attention
