#pragma once

#include <cstddef>

#include "conv/conv.h"

/// Where the windows of output pixels find their input; private to this folder.
namespace optlab::conv::detail {

/// What a window consists of: `segments` stretches of `length` adjacent floats each.
struct Stretches {
  int segments;
  int length;
  /// A stretch is a row of the window, KW·C floats, which NHWC stores side by side; else one position's channels.
  bool whole_rows;
};

/// Those of one group of a convolution.
Stretches stretches_of(const Geometry& geometry);
/// Those of a depthwise convolution: at each position all channels at once.
Stretches depthwise_stretches_of(const Geometry& geometry);

/// Output columns whose windows leave the image neither to the left nor to the right.
parallel::Range inside_columns(const Geometry& geometry);

/// How `pixels` are divided into tiles of at most `most` rows: evenly, since a tile of one row has too few sums to hide
/// the latency of an addition.
struct Tiles {
  Tiles(int pixels, int most)
      : count((pixels + most - 1) / most), least(pixels / count), taller(pixels - least * count) {}
  int height(int i) const { return least + (i < taller ? 1 : 0); }
  /// Calls each(height, how many of that height): the taller tiles, then the others.
  template <class Each>
  void for_each_height(const Each& each) const {
    if (taller > 0) each(least + 1, taller);
    each(least, count - taller);
  }
  int count;
  int least;
  int taller;  // so many tiles, the first, have a row more
};

/// The pointers that a tile walks along (Dukhan, 2019), made for a few tiles at a time instead of for the whole image.
/// Where a window leaves the image, a pointer leads to zeros, or to a copy of the stretch with its missing part filled
/// up: only pixels at the left and right edge need one.
class Indirection {
 public:
  /// `zeros` are stretches.length floats.
  Indirection(const Problem& problem, const Stretches& stretches, const float* zeros)
      : problem_(problem), stretches_(stretches), zeros_(zeros), inside_(inside_columns(problem.geometry)) {}

  /// Floats of `patches` that any `pixels` pixels in a row need.
  static std::size_t patch_floats(const Geometry& geometry, const Stretches& stretches, int pixels);

  /// rows[tile][segment][pixel of the tile] for the tiles that begin at output pixel `first`, input channels from
  /// `channel` on. The pointers are good until `patches` is used again.
  void point(int first, const Tiles& tiles, int channel, const float** rows, float* patches) const noexcept;

 private:
  /// A row of output pixels.
  struct Row {
    int image, y;
    std::ptrdiff_t first;  // of the input row where the window begins, element 0; may lie outside of the image
    int begin, end;        // kernel rows that lie inside the image
  };
  Row row_at(int image, int y) const noexcept;
  void point_inside(const Row& row, int x, int count, const float** to, int step) const noexcept;
  float* point_edge(const Row& row, int x, const float** to, int step, float* patches) const noexcept;
  void point_positions(const Row& row, int x, int channel, const float** to, int step) const noexcept;

  const Problem& problem_;
  const Geometry& g_ = problem_.geometry;
  Stretches stretches_;
  const float* zeros_;
  std::ptrdiff_t row_stride_ = static_cast<std::ptrdiff_t>(g_.width) * g_.channels;
  parallel::Range inside_;
};

}  // namespace optlab::conv::detail
