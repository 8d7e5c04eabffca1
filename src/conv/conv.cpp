#include "conv/conv.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "conv/conv_driver.h"
#include "conv/packed_filter.h"
#include "core/error.h"
#include "core/ladder.h"

namespace optlab::conv {

std::size_t Geometry::input_count() const {
  return checked_element_count("conv: the input", {batch, height, width, channels});
}
std::size_t Geometry::weight_count() const {
  return checked_element_count("conv: the weights", {kernel_height, kernel_width, group_channels(), outputs});
}
std::size_t Geometry::output_count() const {
  return checked_element_count("conv: the output", {batch, output_height(), output_width(), outputs});
}

namespace {

void check_extent(const char* what, int value, int least) {
  if (value >= least) return;
  throw_invalid({"conv: ", what, " is ", value, "; it must be >= ", least});
}

void check_axis(const char* what, int kernel, int image, const Geometry& g) {
  const long long reach = static_cast<long long>(g.dilation) * (kernel - 1) + 1;
  const long long padded = image + 2LL * g.padding;
  if (padded > std::numeric_limits<int>::max()) {
    throw_invalid({"conv: padding ", g.padding, " makes an image of ", padded, "; at most 2147483647"});
  }
  if (reach > padded) {
    throw_invalid({"conv: the kernel reaches over ", reach, " ", what, ", the padded image has ", padded});
  }
}

}  // namespace

void check(const Geometry& g) {
  check_extent("batch", g.batch, 0);
  check_extent("height", g.height, 1);
  check_extent("width", g.width, 1);
  check_extent("channels", g.channels, 1);
  check_extent("outputs", g.outputs, 1);
  check_extent("kernel height", g.kernel_height, 1);
  check_extent("kernel width", g.kernel_width, 1);
  check_extent("stride", g.stride, 1);
  check_extent("padding", g.padding, 0);
  check_extent("dilation", g.dilation, 1);
  check_extent("groups", g.groups, 1);
  if (g.channels % g.groups != 0 || g.outputs % g.groups != 0) {
    throw_invalid({"conv: ", g.groups, " groups don't divide ", g.channels, " channels and ", g.outputs, " outputs"});
  }
  check_axis("rows", g.kernel_height, g.height, g);
  check_axis("columns", g.kernel_width, g.width, g);
  g.input_count();
  g.weight_count();
  g.output_count();
}

void check_applies(const Variant& variant, const Geometry& g) {
  if (variant.applies(g)) return;
  throw_invalid({"conv: ", variant.name, " does not apply to a kernel [", g.kernel_height, ",", g.kernel_width,
                 "] of stride ", g.stride, ", padding ", g.padding, ", dilation ", g.dilation, " in ", g.groups,
                 " groups of ", g.channels, " channels"});
}

void convolve(const Variant& variant, const Geometry& geometry, std::span<const float> input,
              const PackedFilter& filter, std::span<float> output, const Epilogue& epilogue, Context& context) {
  check(geometry);
  check_applies(variant, geometry);
  if (!filter.fits(variant, geometry)) {
    throw_invalid({"conv: ", filter.to_string(), " is not one that ", variant.name,
                   " can use for this geometry; pack it for both"});
  }
  const auto check_size = [](const char* what, std::size_t size, std::size_t wanted) {
    if (size == wanted) return;
    throw_invalid({"conv: the ", what, " has ", size, " elements; ", wanted, " are wanted"});
  };
  check_size("input", input.size(), geometry.input_count());
  check_size("output", output.size(), geometry.output_count());
  if (output.empty()) return;
  const gemm::Blocking& blocking = context.blocking;
  if (blocking.depth < 1 || blocking.rows < 1 || blocking.columns < 1) {
    throw std::invalid_argument("conv: depth, rows and columns of a blocking must be >= 1");
  }
  const Problem problem{geometry, input.data(), filter.data(), output.data(), epilogue};
  const int threads = variant.threaded ? context.pool.threads() : 1;
  context.scratch.reserve(variant.scratch_bytes(variant, problem, context, threads));
  variant.run(variant, problem, {context.pool, threads, context.scratch.data(), blocking});
}

const Variant& variant(std::string_view name) { return find_row(variants(), "conv", name); }

namespace {

// Even 1×1, which is a plain product, is best done by the implicit rung, since it finishes a tile while its cache lines
// are there: 128 channels, 28², to 128 on a Xeon, Node 24, relaxed 54 against 46 GFLOP/s, natively with FMA 107 and 100.
Algorithm best_algorithm(const Geometry& g) {
  return g.groups > 1 && g.groups == g.channels ? Algorithm::kDepthwise : Algorithm::kImplicit;
}

}  // namespace

const Variant& best(Mode mode, const Geometry& geometry, int threads) {
  const Algorithm algorithm = best_algorithm(geometry);
  return last_row(variants(), threads, [&](const Variant& row) {
    return row.algorithm == algorithm && (mode == Mode::kFast || row.mode == Mode::kExact);
  });
}

const Variant& best_of(std::string_view isa, Mode mode, bool threaded, const Geometry& geometry) {
  const Algorithm algorithm = best_algorithm(geometry);
  return last_row(variants(), 2, [&](const Variant& row) {
    return row.algorithm == algorithm && row.isa == isa && row.mode == mode && row.threaded == threaded;
  });
}

}  // namespace optlab::conv
