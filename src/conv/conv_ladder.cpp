#include <string>
#include <vector>

#include "conv/conv_driver.h"
#include "simd/isa.h"

/// The list of variants.
namespace optlab::conv {
namespace {

using detail::Kernels;

bool always() { return true; }
bool anything(const Geometry& /*geometry*/) { return true; }
bool is_pointwise(const Geometry& g) {
  return g.kernel_height == 1 && g.kernel_width == 1 && g.stride == 1 && g.padding == 0;
}
bool is_depthwise(const Geometry& g) { return g.groups == g.channels; }
bool fits_winograd(const Geometry& g) {
  return g.kernel_height == 3 && g.kernel_width == 3 && g.stride == 1 && g.dilation == 1 && g.groups == 1;
}

std::size_t no_scratch(const Variant&, const Problem&, const Context&, int) { return 0; }
void run_naive(const Variant&, const Problem& problem, const Workspace&) noexcept { detail::run_naive(problem); }

// Adapters from a driver's signature to a variant's.
template <auto bytes, const Kernels& kernels>
std::size_t scratch_of(const Variant&, const Problem& problem, const Context&, int threads) {
  return bytes(kernels, problem, threads);
}
template <auto driver, const Kernels& kernels>
void run_of(const Variant&, const Problem& problem, const Workspace& workspace) noexcept {
  driver(kernels, problem, workspace);
}
std::size_t direct_scratch(const Variant&, const Problem& problem, const Context&, int threads) {
  return detail::direct_scratch_bytes(problem, threads);
}

/// What the rows of one instruction set have in common.
struct Family {
  const char* suffix;   // of the names
  const char* threads;  // suffix of the threaded rows, null without any
  std::string_view isa;
  Mode mode;
  bool (*supported)();
};

/// The rung of the matrix ladder with the family's instructions.
const gemm::Variant* product_for(const Family& family, bool threaded) {
  const gemm::Variant* found = nullptr;
  for (const gemm::Variant& candidate : gemm::variants()) {
    if (candidate.isa == family.isa && candidate.mode == family.mode && candidate.threaded == threaded &&
        candidate.panels.columns > 0) {
      found = &candidate;
    }
  }
  return found;
}

/// Adds the rows that one table of kernels makes, with or without threads.
template <const Kernels& kernels>
void add_rows(std::vector<Variant>& rows, const Family& family, bool threaded) {
  const PanelFormat format{kernels.columns(), kernels.lanes};
  const FilterLayout plain{detail::plain_floats, detail::pack_plain, {}};
  const FilterLayout panels{detail::panel_floats, detail::pack_panels, format};
  const FilterLayout channels{detail::depthwise_floats, detail::pack_depthwise, {0, kernels.lanes}};
  const FilterLayout transformed{detail::winograd_floats, detail::pack_winograd, format};
  const gemm::Variant* product = product_for(family, threaded);
  const FilterLayout product_panels{detail::panel_floats, detail::pack_panels, product->panels};
  const auto add = [&](const char* name, std::string_view idea, Algorithm algorithm, const FilterLayout& layout,
                       auto applies, auto scratch, auto run) {
    rows.push_back({std::string(name) + (threaded ? family.threads : family.suffix), idea, family.isa, algorithm,
                    algorithm == Algorithm::kWinograd ? Mode::kFast : family.mode, threaded, layout, product, applies,
                    scratch, run, family.supported});
  };
  if (!threaded) {
    add("direct", "a vector of output channels at once, pixel by pixel", Algorithm::kDirect, plain, anything,
        direct_scratch, run_of<detail::run_direct, kernels>);
    add("im2col", "windows copied out into the rows of a matrix product", Algorithm::kIm2col, product_panels, anything,
        detail::im2col_scratch_bytes, detail::run_im2col);
  }
  add("implicit", "the same product, but its rows are pointers into the image", Algorithm::kImplicit, panels, anything,
      scratch_of<detail::implicit_scratch_bytes, kernels>, run_of<detail::run_implicit, kernels>);
  add("pointwise", "1×1: the image is the matrix already", Algorithm::kPointwise, product_panels, is_pointwise,
      detail::pointwise_scratch_bytes, detail::run_pointwise);
  add("depthwise", "every channel by itself, a vector of them at once", Algorithm::kDepthwise, channels, is_depthwise,
      scratch_of<detail::depthwise_scratch_bytes, kernels>, run_of<detail::run_depthwise, kernels>);
  add("winograd", "3×3 with 16 multiplications instead of 36, at the price of accuracy", Algorithm::kWinograd,
      transformed, fits_winograd, scratch_of<detail::winograd_scratch_bytes, kernels>,
      run_of<detail::run_winograd, kernels>);
}

template <const Kernels& kernels>
void add_family(std::vector<Variant>& rows, const Family& family) {
  add_rows<kernels>(rows, family, false);
  if (family.threads != nullptr) add_rows<kernels>(rows, family, true);
}

std::vector<Variant> ladder() {
  std::vector<Variant> rows{{"naive",
                             "seven loops, an output element at a time",
                             "scalar",
                             Algorithm::kNaive,
                             Mode::kExact,
                             false,
                             {detail::plain_floats, detail::pack_plain, {}},
                             nullptr,
                             anything,
                             no_scratch,
                             run_naive,
                             always}};
#if !defined(__wasm__)  // there every build has vectors, and a download has a size
  add_family<detail::kScalarKernels>(rows, {"_scalar", nullptr, "scalar", Mode::kExact, always});
#endif
#if defined(__x86_64__)
  add_family<detail::kAvx2Kernels>(rows, {"", "_threads", "avx2", Mode::kExact, simd::has_avx2});
  add_family<detail::kFmaKernels>(rows, {"_fma", "_fma_threads", "avx2+fma", Mode::kFast, simd::has_avx2_fma});
  add_family<detail::kAvx512Kernels>(rows, {"_avx512", "_avx512_threads", "avx512", Mode::kExact, simd::has_avx512});
  add_family<detail::kAvx512FmaKernels>(rows,
                                        {"_fma512", "_fma512_threads", "avx512+fma", Mode::kFast, simd::has_avx512});
#elif defined(__aarch64__)
  add_family<detail::kNeonKernels>(rows, {"", "_threads", "neon", Mode::kExact, simd::has_neon});
  add_family<detail::kNeonFmaKernels>(rows, {"_fma", "_fma_threads", "neon+fma", Mode::kFast, simd::has_neon});
#elif defined(__wasm_simd128__)
  add_family<detail::kWasm128Kernels>(rows, {"", "_threads", "wasm128", Mode::kExact, simd::has_wasm128});
#if defined(__wasm_relaxed_simd__)
  add_family<detail::kRelaxedKernels>(
      rows, {"_relaxed", "_relaxed_threads", "wasm128+relaxed", Mode::kFast, simd::has_wasm_relaxed});
#endif
#endif
  return rows;
}

}  // namespace

std::span<const Variant> variants() {
  static const std::vector<Variant> kVariants = ladder();
  return kVariants;
}

}  // namespace optlab::conv
