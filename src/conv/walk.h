#pragma once

#include <algorithm>
#include <cstddef>

#include "conv/conv_driver.h"
#include "conv/indirection.h"
#include "core/buffer.h"

/// The loop that the drivers share: over the output, some tiles at a time; private to this folder.
namespace optlab::conv::detail {

/// `count` Ts in whole cache lines, in bytes.
template <class T>
std::size_t line_bytes(std::size_t count) {
  return (count * sizeof(T) + kCacheLine - 1) / kCacheLine * kCacheLine;
}

/// Output pixels whose pointers are made together, so that all panels of the filter can use them: their input stays in
/// the first- or second-level cache. A multiple of every tile's rows. Node 24 on a Xeon, relaxed, 3 channels, 224², to 32:
/// 24 pixels 43.4, 48 44.4, 96 40.6 GFLOP/s; the other shapes of the benchmark are indifferent.
inline constexpr int kChunkPixels = 48;

class Walk {
 public:
  /// Tiles of at most `tile_rows` pixels.
  Walk(const Problem& problem, const Stretches& stretches, int tile_rows, std::size_t bias_floats)
      : problem_(problem), stretches_(stretches), tile_rows_(tile_rows), bias_floats_(bias_floats) {}

  std::size_t scratch_bytes(int threads) const {
    return bias_bytes() + zero_bytes() + (pointer_bytes() + patch_bytes()) * static_cast<std::size_t>(threads);
  }
  const Stretches& stretches() const { return stretches_; }
  /// Room for the bias, filled up to whole vectors.
  float* bias(std::byte* scratch) const { return reinterpret_cast<float*>(scratch); }

  /// Calls body(first pixel, tiles, group, rows) until all of the output is done; `rows` are Indirection's. The threads
  /// divide the pixels, which changes no result.
  template <class Body>
  void run(const Workspace& workspace, parallel::Range groups, const Body& body) const {
    const Geometry& g = problem_.geometry;
    const int pixels = g.pixels();
    auto* zeros = reinterpret_cast<float*>(workspace.scratch + bias_bytes());
    std::fill_n(zeros, stretches_.length, 0.0F);
    std::byte* own = workspace.scratch + bias_bytes() + zero_bytes();
    const Indirection indirection(problem_, stretches_, zeros);
    const int workers = useful_workers(g, workspace);
    workspace.pool.run(workers, [&](int worker) {
      std::byte* mine = own + (pointer_bytes() + patch_bytes()) * static_cast<std::size_t>(worker);
      auto** rows = reinterpret_cast<const float**>(mine);
      auto* patches = reinterpret_cast<float*>(mine + pointer_bytes());
      const auto [begin, end] = parallel::partition(pixels, workers, worker, tile_rows_);
      for (int first = begin; first < end; first += kChunkPixels) {
        const Tiles tiles(std::min(kChunkPixels, end - first), tile_rows_);
        for (int group = groups.begin; group < groups.end; ++group) {
          indirection.point(first, tiles, group * g.group_channels(), rows, patches);
          body(first, tiles, group, rows);
        }
      }
    });
  }

 private:
  std::size_t bias_bytes() const { return line_bytes<float>(bias_floats_); }
  std::size_t zero_bytes() const { return line_bytes<float>(stretches_.length); }
  std::size_t pointer_bytes() const {
    return line_bytes<const float*>(static_cast<std::size_t>(kChunkPixels) * stretches_.segments);
  }
  std::size_t patch_bytes() const {
    return line_bytes<float>(Indirection::patch_floats(problem_.geometry, stretches_, kChunkPixels));
  }

  const Problem& problem_;
  Stretches stretches_;
  int tile_rows_;
  std::size_t bias_floats_;
};

}  // namespace optlab::conv::detail
