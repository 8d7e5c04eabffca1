#include <string>

#include "conv/conv_driver.h"
#include "simd/targets.h"

/// The list of variants.
namespace optlab::conv {
namespace {

using detail::Kernels;

using Rows = Ladder<Variant, 64>;

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

/// The rung of the matrix ladder with the target's instructions.
const gemm::Variant* product_for(std::string_view isa, Mode mode, bool threaded) {
  const gemm::Variant* found = nullptr;
  for (const gemm::Variant& candidate : gemm::variants()) {
    if (candidate.isa == isa && candidate.mode == mode && candidate.threaded == threaded &&
        candidate.panels.columns > 0) {
      found = &candidate;
    }
  }
  return found;
}

/// Adds the rows that one table of kernels makes, with or without threads; `suffix` ends their names.
template <const Kernels& kernels>
void add_rows(Rows& rows, const simd::Target& target, bool threaded, std::string_view suffix) {
  const PanelFormat format{kernels.columns(), kernels.lanes};
  const FilterLayout plain{detail::plain_floats, detail::pack_plain, {}};
  const FilterLayout panels{detail::panel_floats, detail::pack_panels, format};
  const FilterLayout channels{detail::depthwise_floats, detail::pack_depthwise, {0, kernels.lanes}};
  const FilterLayout transformed{detail::winograd_floats, detail::pack_winograd, format};
  const gemm::Variant* product = product_for(target.isa, target.mode(), threaded);
  const FilterLayout product_panels{detail::panel_floats, detail::pack_panels, product->panels};
  const auto add = [&](const char* name, std::string_view idea, Algorithm algorithm, const FilterLayout& layout,
                       auto applies, auto scratch, auto run) {
    const Mode mode = algorithm == Algorithm::kWinograd ? Mode::kFast : target.mode();
    rows.add({{lasting_name(name, suffix), idea, target.isa, mode, threaded, target.supported},
              algorithm,
              layout,
              product,
              applies,
              scratch,
              run});
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

Rows ladder() {
  Rows rows;
  rows.add({{"naive", "seven loops, an output element at a time", "scalar", Mode::kExact, false, always},
            Algorithm::kNaive,
            {detail::plain_floats, detail::pack_plain, {}},
            nullptr,
            anything,
            no_scratch,
            run_naive});
  if constexpr (simd::kHasScalar) {
    add_rows<detail::KernelsOf<simd::Scalar>::kTable>(rows, {"scalar", {}, {}, false, false, always}, false, "_scalar");
  }
  simd::for_each_target([&]<class Simd>(const simd::Target& target) {
    // "implicit", "implicit_threads", "implicit_fma", …: the first target's name is left out.
    const bool first = target.name == "simd";
    const std::string suffix = first ? "" : std::string("_").append(target.name);
    add_rows<detail::KernelsOf<Simd>::kTable>(rows, target, false, suffix);
    add_rows<detail::KernelsOf<Simd>::kTable>(rows, target, true, suffix + "_threads");
  });
  return rows;
}

}  // namespace

std::span<const Variant> variants() {
  static const Rows kVariants = ladder();
  return kVariants;
}

}  // namespace optlab::conv
