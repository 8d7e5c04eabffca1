#include "sparse/sparse.h"

#include <string_view>

#include "core/ladder.h"
#include "core/operands.h"
#include "simd/targets.h"
#include "sparse/sparse_kernels.h"

namespace optlab::sparse {
namespace {

using detail::Kernels;
using gemm::Mode;

std::size_t no_scratch(const Problem& /*problem*/, const gemm::Blocking& /*blocking*/, int /*threads*/) { return 0; }

template <const Kernels& kernels>
std::size_t scratch_bytes(const Problem& problem, const gemm::Blocking& /*blocking*/, int threads) {
  return detail::panel_scratch_bytes(kernels, problem, threads);
}

template <const Kernels& kernels>
void run_panels(const Problem& problem, const gemm::Workspace& workspace) noexcept {
  detail::run_panels(kernels, problem, workspace);
}

template <const Kernels& kernels>
constexpr Variant panels(const Row& row) {
  return {row, scratch_bytes<kernels>, run_panels<kernels>};
}

constexpr simd::Ideas kIdeas{.simd = "a weight meets a vector of rows; a single row meets a vector of weights",
                             .wide = "sixteen lanes and 32 registers: a larger tile",
                             .threads = "rows, or panels of outputs, divided among the cores",
                             .fused = "multiply and add fused: one rounding less, other bits",
                             .fused_threads = "fused, on every core"};

constexpr Ladder<Variant> ladder() {
  Ladder<Variant> rows;
  rows.add({{"naive", "an output at a time, over its stored weights", "scalar", Mode::kExact, false, always},
            no_scratch,
            detail::naive});
  if constexpr (simd::kHasScalar) {
    rows.add(panels<detail::KernelsOf<simd::Scalar>::kTable>(
        {"packed", "sums in registers, a weight used for several rows of A", "scalar", Mode::kExact, false, always}));
  }
  simd::for_each_target([&]<class Simd>(const simd::Target& target) {
    for (const bool threaded : {false, true}) {
      rows.add(panels<detail::KernelsOf<Simd>::kTable>(row_of(target, threaded, kIdeas)));
    }
  });
  return rows;
}

void check(const Problem& problem) {
  const auto& [a, w, c, epilogue] = problem;
  check_view("sparse", "A", a);
  check_view("sparse", "C", c);
  check_product("sparse", extents(a), "W", {w.rows(), w.columns()}, extents(c));
  check_rows_apart("sparse", "C", c);
}

}  // namespace

std::span<const Variant> variants() {
  static constexpr Ladder<Variant> kVariants = ladder();
  return kVariants;
}

const Variant& variant(std::string_view name) { return find_row(variants(), "sparse", name); }

void multiply(const Variant& variant, const Problem& problem, gemm::Context& context) {
  check(problem);
  gemm::run(variant, problem, context);
}

void multiply(const Problem& problem, gemm::Context& context, Mode mode) {
  multiply(best(mode, context.pool.threads()), problem, context);
}

const Variant& best(Mode mode, int threads) { return best_row(variants(), mode, threads); }

}  // namespace optlab::sparse
