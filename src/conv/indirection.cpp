#include "conv/indirection.h"

#include <algorithm>

namespace optlab::conv::detail {

parallel::Range inside_columns(const Geometry& g) {
  const int begin = std::min((g.padding + g.stride - 1) / g.stride, g.output_width());
  const int room = g.width + g.padding - g.kernel_width;  // the last x·stride that stays inside
  const int end = room < 0 ? 0 : std::min(room / g.stride + 1, g.output_width());
  return {begin, std::max(begin, end)};
}

Stretches stretches_of(const Geometry& g) {
  if (g.dilation == 1 && g.groups == 1) return {g.kernel_height, g.kernel_width * g.channels, true};
  return {g.kernel_height * g.kernel_width, g.group_channels(), false};
}

Stretches depthwise_stretches_of(const Geometry& g) { return {g.kernel_height * g.kernel_width, g.channels, false}; }

std::size_t Indirection::patch_floats(const Geometry& g, const Stretches& stretches, int pixels) {
  if (!stretches.whole_rows) return 0;
  const int rows = pixels / g.output_width() + 2;  // that so many pixels touch
  const auto edges = std::min(static_cast<std::size_t>(pixels),
                              static_cast<std::size_t>(g.output_width() - inside_columns(g).size()) * rows);
  return edges * stretches.segments * stretches.length;
}

Indirection::Row Indirection::row_at(int image, int y) const noexcept {
  const int top = y * g_.stride - g_.padding;
  return {image, y, (static_cast<std::ptrdiff_t>(image) * g_.height + top) * row_stride_,
          std::clamp(-top, 0, g_.kernel_height), std::clamp(g_.height - top, 0, g_.kernel_height)};
}

void Indirection::point_inside(const Row& row, int x, int count, const float** to, int step) const noexcept {
  std::ptrdiff_t first = row.first + (x * g_.stride - g_.padding) * g_.channels;
  for (int kh = 0; kh < g_.kernel_height; ++kh, to += step, first += row_stride_) {
    const bool inside = kh >= row.begin && kh < row.end;
    const float* from = inside ? problem_.input + first : zeros_;
    const std::ptrdiff_t distance = inside ? g_.stride * g_.channels : 0;
    for (int r = 0; r < count; ++r, from += distance) to[r] = from;
  }
}

float* Indirection::point_edge(const Row& row, int x, const float** to, int step, float* patches) const noexcept {
  const int C = g_.channels;
  const int first = x * g_.stride - g_.padding;
  const int left = std::clamp(-first, 0, g_.kernel_width);  // columns of the window that lie outside
  const int right = std::clamp(first + g_.kernel_width - g_.width, 0, g_.kernel_width - left);
  const int inside = g_.kernel_width - left - right;
  for (int kh = 0; kh < g_.kernel_height; ++kh, to += step) {
    if (inside == 0 || kh < row.begin || kh >= row.end) {
      *to = zeros_;
      continue;
    }
    *to = patches;
    const float* from = problem_.input + row.first + kh * row_stride_ + (first + left) * C;
    patches = std::fill_n(patches, left * C, 0.0F);
    patches = std::copy_n(from, inside * C, patches);
    patches = std::fill_n(patches, right * C, 0.0F);
  }
  return patches;
}

void Indirection::point_positions(const Row& row, int x, int channel, const float** to, int step) const noexcept {
  const int top = row.y * g_.stride - g_.padding;
  const int left = x * g_.stride - g_.padding;
  for (int kh = 0; kh < g_.kernel_height; ++kh) {
    const int y = top + kh * g_.dilation;
    for (int kw = 0; kw < g_.kernel_width; ++kw, to += step) {
      const int column = left + kw * g_.dilation;
      const bool inside = y >= 0 && y < g_.height && column >= 0 && column < g_.width;
      const std::ptrdiff_t position = (static_cast<std::ptrdiff_t>(row.image) * g_.height + y) * g_.width + column;
      *to = inside ? problem_.input + position * g_.channels + channel : zeros_;
    }
  }
}

void Indirection::point(int first, const Tiles& tiles, int channel, const float** rows, float* patches) const noexcept {
  const int OW = g_.output_width();
  const int OH = g_.output_height();
  int x = first % OW;
  Row row = row_at(first / (OH * OW), first / OW % OH);
  for (int i = 0; i < tiles.count; ++i) {
    const int height = tiles.height(i);
    for (int r = 0; r < height;) {
      int run = 1;  // pixels done at once
      if (!stretches_.whole_rows) {
        point_positions(row, x, channel, rows + r, height);
      } else if (x >= inside_.begin && x < inside_.end) {
        run = std::min(height - r, inside_.end - x);
        point_inside(row, x, run, rows + r, height);
      } else {
        patches = point_edge(row, x, rows + r, height, patches);
      }
      r += run;
      x += run;
      if (x < OW) continue;
      x = 0;
      row = row.y + 1 < OH ? row_at(row.image, row.y + 1) : row_at(row.image + 1, 0);
    }
    rows += static_cast<std::ptrdiff_t>(height) * stretches_.segments;
  }
}

}  // namespace optlab::conv::detail
