#include "conv/indirection.h"

#include <algorithm>

namespace optlab::conv::detail {
namespace {

/// Pixels of an output row whose windows leave the image to the left or right.
int edge_pixels(const Geometry& g) {
  const int first = std::min((g.padding + g.stride - 1) / g.stride, g.output_width());
  const int room = g.width + g.padding - g.kernel_width;  // the last x·stride that stays inside
  const int end = room < 0 ? 0 : std::min(room / g.stride + 1, g.output_width());
  return g.output_width() - std::max(end - first, 0);
}

}  // namespace

Stretches stretches_of(const Geometry& g) {
  if (g.dilation == 1 && g.groups == 1) return {g.kernel_height, g.kernel_width * g.channels, true};
  return {g.kernel_height * g.kernel_width, g.group_channels(), false};
}

Stretches depthwise_stretches_of(const Geometry& g) { return {g.kernel_height * g.kernel_width, g.channels, false}; }

std::size_t Indirection::patch_floats(const Geometry& g, const Stretches& stretches, int pixels) {
  if (!stretches.whole_rows) return 0;
  const int rows = pixels / g.output_width() + 2;  // that so many pixels touch
  const auto edges = std::min(static_cast<std::size_t>(pixels), static_cast<std::size_t>(edge_pixels(g)) * rows);
  return edges * stretches.segments * stretches.length;
}

float* Indirection::point_rows(const Pixel& pixel, const float** to, int step, float* patches) const noexcept {
  const Geometry& g = problem_.geometry;
  const int C = g.channels;
  const int y = pixel.y * g.stride - g.padding;
  const int x = pixel.x * g.stride - g.padding;
  const int left = std::clamp(-x, 0, g.kernel_width);  // columns of the window that lie outside
  const int right = std::clamp(x + g.kernel_width - g.width, 0, g.kernel_width - left);
  const int inside = g.kernel_width - left - right;
  const float* row = problem_.input + ((static_cast<std::ptrdiff_t>(pixel.image) * g.height + y) * g.width + x) * C;
  const auto row_stride = static_cast<std::ptrdiff_t>(g.width) * C;
  for (int kh = 0; kh < g.kernel_height; ++kh, row += row_stride, to += step) {
    if (inside == 0 || y + kh < 0 || y + kh >= g.height) {
      *to = zeros_;
    } else if (inside == g.kernel_width) {
      *to = row;
    } else {
      *to = patches;
      patches = std::fill_n(patches, left * C, 0.0F);
      patches = std::copy_n(row + left * C, inside * C, patches);
      patches = std::fill_n(patches, right * C, 0.0F);
    }
  }
  return patches;
}

void Indirection::point_positions(const Pixel& pixel, int channel, const float** to, int step) const noexcept {
  const Geometry& g = problem_.geometry;
  for (int kh = 0; kh < g.kernel_height; ++kh) {
    const int y = pixel.y * g.stride - g.padding + kh * g.dilation;
    for (int kw = 0; kw < g.kernel_width; ++kw, to += step) {
      const int x = pixel.x * g.stride - g.padding + kw * g.dilation;
      const bool inside = y >= 0 && y < g.height && x >= 0 && x < g.width;
      const auto position = (static_cast<std::ptrdiff_t>(pixel.image) * g.height + y) * g.width + x;
      *to = inside ? problem_.input + position * g.channels + channel : zeros_;
    }
  }
}

void Indirection::point(int first, const Tiles& tiles, int channel, const float** rows,
                        float* patches) const noexcept {
  const int OW = problem_.geometry.output_width();
  const int OH = problem_.geometry.output_height();
  Pixel pixel{first / (OH * OW), first / OW % OH, first % OW};
  for (int i = 0; i < tiles.count; ++i) {
    const int height = tiles.height(i);
    for (int r = 0; r < height; ++r) {
      if (stretches_.whole_rows) {
        patches = point_rows(pixel, rows + r, height, patches);
      } else {
        point_positions(pixel, channel, rows + r, height);
      }
      if (++pixel.x < OW) continue;
      pixel.x = 0;
      if (++pixel.y < OH) continue;
      pixel.y = 0;
      ++pixel.image;
    }
    rows += static_cast<std::ptrdiff_t>(height) * stretches_.segments;
  }
}

}  // namespace optlab::conv::detail
