#include "conv/int8_conv.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/error.h"

namespace optlab::conv {
namespace {

/// Runs of a window are often a few bytes (9 for three channels), for which a call of memcpy costs more than the copy.
void copy_run(const std::uint8_t* from, std::size_t count, std::uint8_t* to) {
  if (count >= 64) {
    std::memcpy(to, from, count);
    return;
  }
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) std::memcpy(to + i, from + i, 8);
  if (i == count) return;
  if (count >= 8) {
    std::memcpy(to + count - 8, from + count - 8, 8);  // overlaps what is there already, with the same bytes
    return;
  }
  for (; i < count; ++i) to[i] = from[i];
}

/// The windows of one group as rows of a matrix.
struct Windows {
  const Geometry& geometry;
  const std::uint8_t* input;
  int group;
  std::uint8_t zero_point;

  /// The window at output pixel (n, oy, ox): KH·KW runs of C/G channels.
  void copy(int n, int oy, int ox, std::uint8_t* to) const {
    const Geometry& g = geometry;
    const auto channels = static_cast<std::size_t>(g.group_channels());
    const std::uint8_t* image =
        input + static_cast<std::ptrdiff_t>(n) * g.height * g.width * g.channels + group * g.group_channels();
    const int y0 = oy * g.stride - g.padding;
    const int x0 = ox * g.stride - g.padding;
    // A row of the kernel is one run of memory if nothing is left out between its columns.
    const bool runs = g.groups == 1 && g.dilation == 1 && x0 >= 0 && x0 + g.kernel_width <= g.width;
    for (int kh = 0; kh < g.kernel_height; ++kh) {
      const int y = y0 + kh * g.dilation;
      const bool inside = y >= 0 && y < g.height;
      const std::uint8_t* row = image + static_cast<std::ptrdiff_t>(y) * g.width * g.channels;
      if (inside && runs) {
        copy_run(row + static_cast<std::ptrdiff_t>(x0) * g.channels, channels * g.kernel_width, to);
        to += channels * g.kernel_width;
        continue;
      }
      for (int kw = 0; kw < g.kernel_width; ++kw, to += channels) {
        const int x = x0 + kw * g.dilation;
        if (inside && x >= 0 && x < g.width) {
          copy_run(row + static_cast<std::ptrdiff_t>(x) * g.channels, channels, to);
        } else {
          std::memset(to, zero_point, channels);
        }
      }
    }
  }

  /// How many windows from output pixel (oy, ox) on, at most `count`, have all rows in the image and are copied by
  /// whole vectors without reading behind it.
  int inner_pixels(int n, int oy, int ox, int count) const {
    const Geometry& g = geometry;
    const int y0 = oy * g.stride - g.padding;
    const int x0 = ox * g.stride - g.padding;
    if (g.groups > 1 || g.dilation > 1 || y0 < 0 || y0 + g.kernel_height > g.height || x0 < 0) return 0;
    const int room = g.width - g.kernel_width - x0;  // columns to the last window that fits
    int pixels = room < 0 ? 0 : std::min({count, room / g.stride + 1, g.output_width() - ox});
    const auto reach = [&](int pixel) {  // the end of what the last run of that window reads
      const std::ptrdiff_t row = (static_cast<std::ptrdiff_t>(n) * g.height + y0 + g.kernel_height - 1) * g.width;
      return (row + x0 + static_cast<std::ptrdiff_t>(pixel) * g.stride) * g.channels + vectors() * kVector;
    };
    while (pixels > 0 && reach(pixels - 1) > static_cast<std::ptrdiff_t>(g.input_count())) --pixels;
    return pixels;
  }

  static constexpr int kVector = gemm::Int8RowSource::kSlack;
  /// Of a run: a row of the kernel.
  std::ptrdiff_t vectors() const {
    return (static_cast<std::ptrdiff_t>(geometry.kernel_width) * geometry.channels + kVector - 1) / kVector;
  }

  /// Windows that `inner_pixels` found, side by side. What a run's last vector spoils is written afterwards, by the next
  /// run or the next window.
  void copy_inner(int n, int oy, int ox, int pixels, std::uint8_t* to, std::ptrdiff_t stride) const {
    const Geometry& g = geometry;
    const std::ptrdiff_t row_bytes = static_cast<std::ptrdiff_t>(g.width) * g.channels;
    const std::ptrdiff_t run = static_cast<std::ptrdiff_t>(g.kernel_width) * g.channels;
    const std::uint8_t* from = input +
                               (static_cast<std::ptrdiff_t>(n) * g.height + oy * g.stride - g.padding) * row_bytes +
                               static_cast<std::ptrdiff_t>(ox * g.stride - g.padding) * g.channels;
    const std::ptrdiff_t count = vectors();
    for (int i = 0; i < pixels; ++i, to += stride, from += g.stride * g.channels) {
      const std::uint8_t* row = from;
      std::uint8_t* at = to;
      for (int kh = 0; kh < g.kernel_height; ++kh, row += row_bytes, at += run) {
        for (std::ptrdiff_t v = 0; v < count; ++v) std::memcpy(at + v * kVector, row + v * kVector, kVector);
      }
    }
  }

  static void gather(const void* source, int first, int count, std::uint8_t* to, std::ptrdiff_t stride) noexcept {
    const auto& windows = *static_cast<const Windows*>(source);
    const int width = windows.geometry.output_width();
    const int height = windows.geometry.output_height();
    int ox = first % width;
    int oy = first / width % height;
    int n = first / width / height;
    for (int i = 0; i < count;) {
      const int inner = windows.inner_pixels(n, oy, ox, count - i);
      if (inner > 0) {
        windows.copy_inner(n, oy, ox, inner, to, stride);
      } else {
        windows.copy(n, oy, ox, to);
      }
      const int done = std::max(inner, 1);
      i += done;
      ox += done;
      to += done * stride;
      if (ox < width) continue;
      ox = 0;
      if (++oy < height) continue;
      oy = 0;
      ++n;
    }
  }
};

void check_operands(const gemm::Int8Variant& variant, std::size_t input, int zero_point, const PackedInt8Filter& filter,
                    std::size_t output) {
  const Geometry& g = filter.geometry();
  const auto refuse = [](const std::string& what) { throw std::invalid_argument("int8 convolution: " + what); };
  if (input != g.input_count()) {
    refuse(text({"the input has ", input, " elements, want ", g.input_count()}));
  }
  if (output != g.output_count()) {
    refuse(text({"the output has ", output, " elements, want ", g.output_count()}));
  }
  if (!filter.fits(variant)) refuse("the filter is not packed for " + std::string(variant.name));
  if (zero_point < 0 || zero_point >> variant.activation_bits != 0) {
    refuse(text(
        {"the zero point is ", zero_point, "; ", variant.name, " takes 0 to ", (1 << variant.activation_bits) - 1}));
  }
}

template <class... Rest>
void product(const gemm::Int8Variant& variant, int M, const gemm::Int8RowSource& a, Rest&&... rest) {
  gemm::multiply_int8(variant, M, a, std::forward<Rest>(rest)...);
}
template <class... Rest>
void product(const gemm::Int8Variant& variant, int /*M*/, const gemm::ActivationView& a, Rest&&... rest) {
  gemm::multiply_int8(variant, a, std::forward<Rest>(rest)...);
}

/// Calls multiply(windows, weights, first output channel) for every group. The windows are rows to be made, or, where
/// they are single pixels side by side, the image itself.
template <class Multiply>
void for_each_group(const PackedInt8Filter& filter, std::span<const std::uint8_t> input, int zero_point,
                    const Multiply& multiply) {
  const Geometry& g = filter.geometry();
  const bool in_place = g.kernel_height == 1 && g.kernel_width == 1 && g.stride == 1 && g.padding == 0;
  for (int group = 0; group < g.groups; ++group) {
    if (in_place) {
      multiply(gemm::ActivationView{input.data() + group * g.group_channels(), g.pixels(), g.group_channels(),
                                    g.channels, 1},
               filter.group(group), group * g.group_outputs());
      continue;
    }
    const Windows windows{g, input.data(), group, static_cast<std::uint8_t>(zero_point)};
    multiply(gemm::Int8RowSource{&windows, Windows::gather}, filter.group(group), group * g.group_outputs());
  }
}

}  // namespace

PackedInt8Filter::PackedInt8Filter(const gemm::Int8Variant& variant, const Geometry& geometry,
                                   std::span<const std::int8_t> weights)
    : geometry_(geometry) {
  check(geometry);
  if (weights.size() != geometry.weight_count()) {
    throw_invalid({"PackedInt8Filter: ", weights.size(), " weights, want ", geometry.weight_count()});
  }
  if (geometry.group_channels() == 1 && geometry.groups > 1 && variant.kernels != nullptr) {
    depthwise_ = detail::pack_depthwise_int8(geometry, weights);
    return;
  }
  for (int group = 0; group < geometry.groups; ++group) {
    const std::int8_t* first = weights.data() + group * geometry.group_outputs();
    groups_.emplace_back(variant,
                         gemm::WeightView{first, geometry.depth(), geometry.group_outputs(), geometry.outputs, 1});
  }
}

std::size_t PackedInt8Filter::bytes() const {
  std::size_t bytes = 0;
  if (depthwise_) bytes = 2 * depthwise_->taps.size() + 4 * depthwise_->sums.size();
  for (const gemm::PackedInt8& group : groups_) bytes += group.bytes();
  return bytes;
}

void convolve_int8(const gemm::Int8Variant& variant, std::span<const std::uint8_t> input, int zero_point,
                   const PackedInt8Filter& filter, std::span<std::int32_t> sums, Context& context) {
  check_operands(variant, input.size(), zero_point, filter, sums.size());
  const Geometry& g = filter.geometry();
  if (filter.depthwise() != nullptr) {
    return detail::run_depthwise_int8(variant, g, input.data(), zero_point, *filter.depthwise(),
                                      {sums.data(), nullptr, nullptr}, context);
  }
  for_each_group(filter, input, zero_point, [&](const auto& rows, const gemm::PackedInt8& b, int oc) {
    product(variant, g.pixels(), rows, b, gemm::SumView{sums.data() + oc, g.pixels(), g.group_outputs(), g.outputs, 1},
            context);
  });
}

void convolve_int8(const gemm::Int8Variant& variant, std::span<const std::uint8_t> input, int zero_point,
                   const PackedInt8Filter& filter, const gemm::Requantization& requantization,
                   std::span<std::uint8_t> output, Context& context) {
  check_operands(variant, input.size(), zero_point, filter, output.size());
  const Geometry& g = filter.geometry();
  if (requantization.scale.size() != 1 && requantization.scale.size() != static_cast<std::size_t>(g.outputs)) {
    throw_invalid({"int8 convolution: ", requantization.scale.size(), " scales for ", g.outputs,
                   " output channels; want one, or one a channel"});
  }
  if (filter.depthwise() != nullptr) {
    return detail::run_depthwise_int8(variant, g, input.data(), zero_point, *filter.depthwise(),
                                      {nullptr, &requantization, output.data()}, context);
  }
  for_each_group(filter, input, zero_point, [&](const auto& rows, const gemm::PackedInt8& b, int oc) {
    gemm::Requantization group = requantization;
    if (group.scale.size() > 1) group.scale = group.scale.subspan(oc, g.group_outputs());
    if (group.bias != nullptr) group.bias += oc;
    product(variant, g.pixels(), rows, zero_point, b, group,
            BasicMatrixView<std::uint8_t>{output.data() + oc, g.pixels(), g.group_outputs(), g.outputs, 1}, context);
  });
}

}  // namespace optlab::conv
