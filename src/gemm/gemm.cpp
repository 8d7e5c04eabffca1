#include "gemm/gemm.h"

#include <algorithm>
#include <string_view>

#include "core/error.h"
#include "core/ladder.h"
#include "core/operands.h"
#include "gemm/gemm_kernels.h"
#include "gemm/guest.h"
#include "simd/targets.h"

namespace optlab::gemm {
namespace {

using detail::Kernels;

std::size_t no_scratch(const Problem& /*problem*/, const Blocking& /*blocking*/, int /*threads*/) { return 0; }

template <const Kernels& kernels>
std::size_t packed_scratch(const Problem& problem, const Blocking& blocking, int threads) {
  return detail::packed_scratch_bytes(kernels, problem, blocking, threads);
}

template <const Kernels& kernels>
void run_packed(const Problem& problem, const Workspace& workspace) noexcept {
  detail::run_packed(kernels, problem, workspace);
}

template <const Kernels& kernels>
Variant packed(const Row& row) {
  return {row, {kernels.columns(), kernels.lanes}, packed_scratch<kernels>, run_packed<kernels>};
}

constexpr simd::Ideas kIdeas{.simd = "the same tile, a vector of columns per instruction",
                             .wide = "sixteen lanes and 32 registers: a larger tile",
                             .threads = "C divided among the cores",
                             .fused = "multiply and add fused: one rounding less, other bits",
                             .fused_threads = "fused, on every core"};

#if defined(__wasm_simd128__)
constexpr std::string_view kGuestIsa = "wasm128";
#else
constexpr std::string_view kGuestIsa = "scalar";
#endif

Ladder<Variant> ladder() {
  const auto scalar = [](std::string_view name, std::string_view idea) {
    return Row{name, idea, "scalar", Mode::kExact, false, always};
  };
  Ladder<Variant> rows;
  rows.add({scalar("naive", "three loops, an element of C at a time"), {}, no_scratch, detail::naive});
  // Not the last row, so that no dispatcher ever takes it.
  rows.add({{"yours", "what you wrote", kGuestIsa, Mode::kFast, false, detail::has_guest},
            {},
            detail::guest_scratch_bytes,
            detail::run_guest});
  rows.add({scalar("reordered", "the loops over k and n swapped: memory in order"), {}, no_scratch, detail::reordered});
  rows.add({scalar("blocked", "a block of B that fits the cache, four steps of k per visit to C"),
            {},
            no_scratch,
            detail::blocked});
  rows.add(packed<detail::KernelsOf<simd::Scalar>::kTable>(
      scalar("packed", "B copied into the order of use, a tile of C in registers")));
  simd::for_each_target([&]<class Simd>(const simd::Target& target) {
    for (const bool threaded : {false, true}) {
      rows.add(packed<detail::KernelsOf<Simd>::kTable>(row_of(target, threaded, kIdeas)));
    }
  });
  return rows;
}

void check_operands(const Problem& problem) {
  const auto& [a, b, c, epilogue, panels] = problem;
  check_view("gemm", "A", a);
  check_view("gemm", "B", b);
  check_view("gemm", "C", c);
  check_product("gemm", extents(a), "B", extents(b), extents(c));
  check_rows_apart("gemm", "C", c);
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

std::span<const Variant> variants() {
  static const Ladder<Variant> kVariants = ladder();
  return kVariants;
}

const Variant& variant(std::string_view name) { return find_row(variants(), "gemm", name); }

void multiply(const Variant& variant, const Problem& problem, Context& context) {
  check_operands(problem);
  check(context.blocking);
  run(variant, problem, context);
}

void multiply(const Problem& problem, Context& context, Mode mode) {
  const int threads = context.pool.threads();
  multiply(best(mode, problem.c.rows, problem.c.columns, problem.a.columns, threads), problem, context);
}

const Variant& best(Mode mode, int /*M*/, int /*N*/, int /*K*/, int threads) {
  // The packed rungs take the small and narrow paths by themselves.
  return best_row(variants(), mode, threads);
}

}  // namespace optlab::gemm
