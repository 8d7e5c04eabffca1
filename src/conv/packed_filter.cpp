#include "conv/packed_filter.h"

#include <algorithm>

#include "conv/conv_driver.h"
#include "core/error.h"

namespace optlab::conv {
namespace detail {
namespace {

/// Panels of a [depth, columns] matrix whose element (k, n) is at(k, n); returns the end.
template <class At>
float* pack_matrix(int depth, int columns, const PanelFormat& panels, const At& at, float* to) {
  for (int first = 0; first < columns; first += panels.columns) {
    const int width = std::min(panels.columns, columns - first);
    const int padded = round_up(width, panels.lanes);
    for (int k = 0; k < depth; ++k) {
      for (int n = 0; n < padded; ++n) *to++ = n < width ? at(k, first + n) : 0.0F;
    }
  }
  return to;
}

}  // namespace

std::size_t plain_floats(const Geometry& g, const PanelFormat& /*panels*/) { return g.weight_count(); }

void pack_plain(const Geometry& g, const PanelFormat& /*panels*/, const float* weights, float* to) {
  std::copy_n(weights, g.weight_count(), to);
}

std::size_t panel_floats(const Geometry& g, const PanelFormat& panels) {
  return panel_block(g.depth(), g.group_outputs(), panels) * static_cast<std::size_t>(g.groups);
}

void pack_panels(const Geometry& g, const PanelFormat& panels, const float* weights, float* to) {
  for (int group = 0; group < g.groups; ++group) {
    const float* from = weights + group * g.group_outputs();
    const auto at = [&](int k, int n) { return from[static_cast<std::ptrdiff_t>(k) * g.outputs + n]; };
    to = pack_matrix(g.depth(), g.group_outputs(), panels, at, to);
  }
}

std::size_t depthwise_floats(const Geometry& g, const PanelFormat& panels) {
  return static_cast<std::size_t>(g.group_outputs()) * g.depth() * round_up(g.channels, panels.lanes);
}

void pack_depthwise(const Geometry& g, const PanelFormat& panels, const float* weights, float* to) {
  const int multiplier = g.group_outputs();
  const int padded = round_up(g.channels, panels.lanes);
  for (int j = 0; j < multiplier; ++j) {
    for (int k = 0; k < g.depth(); ++k) {
      const float* from = weights + static_cast<std::ptrdiff_t>(k) * g.outputs + j;
      for (int c = 0; c < padded; ++c) *to++ = c < g.channels ? from[c * multiplier] : 0.0F;
    }
  }
}

std::size_t winograd_floats(const Geometry& g, const PanelFormat& panels) {
  return 16 * panel_block(g.channels, g.outputs, panels);
}

void pack_winograd(const Geometry& g, const PanelFormat& panels, const float* weights, float* to) {
  constexpr double kG[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
  const std::ptrdiff_t step =
      static_cast<std::ptrdiff_t>(g.channels) * g.outputs;  // from one kernel position to the next
  for (int position = 0; position < 16; ++position) {
    const auto& down = kG[position / 4];
    const auto& across = kG[position % 4];
    const auto at = [&](int c, int n) {
      const float* from = weights + static_cast<std::ptrdiff_t>(c) * g.outputs + n;
      double sum = 0;  // once per filter, so in float64: one rounding instead of several
      for (int i = 0; i < 9; ++i) sum += down[i / 3] * across[i % 3] * from[i * step];
      return static_cast<float>(sum);
    };
    to = pack_matrix(g.channels, g.outputs, panels, at, to);
  }
}

}  // namespace detail

PackedFilter::PackedFilter(const Variant& variant, const Geometry& geometry, std::span<const float> weights)
    : geometry_(geometry), layout_(variant.layout) {
  check(geometry);
  check_applies(variant, geometry);
  if (weights.size() != geometry.weight_count() || weights.data() == nullptr) {
    throw_invalid({"PackedFilter: ", weights.size(), " weights; ", to_string(), " wants ", geometry.weight_count()});
  }
  data_ = AlignedBuffer<float>(layout_.floats(geometry, layout_.panels));
  layout_.pack(geometry, layout_.panels, weights.data(), data_.data());
}

bool PackedFilter::fits(const Variant& variant, const Geometry& g) const {
  return data_.size() > 0 && layout_ == variant.layout && g.kernel_height == geometry_.kernel_height &&
         g.kernel_width == geometry_.kernel_width && g.channels == geometry_.channels &&
         g.outputs == geometry_.outputs && g.groups == geometry_.groups;
}

std::string PackedFilter::to_string() const {
  const Geometry& g = geometry_;
  return "a filter " + format_shape({g.kernel_height, g.kernel_width, g.group_channels(), g.outputs}) + " in " +
         std::to_string(g.groups) + (g.groups == 1 ? " group" : " groups");
}

}  // namespace optlab::conv
