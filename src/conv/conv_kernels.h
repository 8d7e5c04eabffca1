#pragma once

#include <cstddef>

/// The kernels and their table; private to this folder. This is all that the files of an ISA see, so it includes next to
/// nothing.
namespace optlab::conv::detail {

/// The largest register tile of any ISA, and the widest vector.
inline constexpr int kMostRows = 12;
inline constexpr int kMostVectors = 2;
inline constexpr int kMostLanes = 16;
inline constexpr int kDepthwiseRows = 4;
inline constexpr int kDirectVectors = 4;
inline constexpr int kGradientRows = 4;

/// What a kernel computes: some output pixels, R of them, from the stretches of input that their windows consist of. A
/// stretch is a run of adjacent floats, each to be multiplied by the weights of the same step.
struct Task {
  const float* const* rows;  // [tiles, segments, R]: where the stretch of each pixel begins
  int tiles;                 // tile: so many times R pixels, >= 1
  int segments;              // >= 1
  int length;                // floats in a stretch, >= 1
  const float* weights;      // [segments·length] rows
  std::ptrdiff_t weight_stride;
  int columns;  // direct, depthwise: output channels or channels
  float* output;
  std::ptrdiff_t pixel_stride;  // from one pixel's output to the next one's
  const float* bias;            // never null; filled up with zeros to whole vectors
  float floor;                  // the activation is max(floor, sum): 0 or -infinity
  int multiplier;               // depthwise: outputs per channel
};

/// One pixel's worth of Winograd's transforms.
struct WinogradTask {
  const float* const* from;  // input: 16 pixels; output: null
  float* const* to;          // output: 4 pixels, null where the image ends
  float* tile;               // 16 rows `stride` apart
  std::ptrdiff_t stride;
  int columns;
  const float* bias;
  float floor;
};

/// What a kernel of the weights' gradient adds to some elements of it: over pixels in order, input times ∂L/∂output.
struct GradientTask {
  const float* const* rows;  // [pixels]: the first input element that the window of each pixel has
  int pixels;                // >= 1
  int first;                 // the tile's first element after that
  const float* output;       // ∂L/∂output of the first pixel
  std::ptrdiff_t pixel_stride;
  float* gradient;  // [R, …]: the sums so far, and then
  std::ptrdiff_t weight_stride;
};

using Kernel = void (*)(const Task&) noexcept;
using GradientKernel = void (*)(const GradientTask&) noexcept;
using WinogradKernel = void (*)(const WinogradTask&) noexcept;

/// One ISA's building blocks, instantiated from conv_micro_kernel.h. The driver reaches them only through this table,
/// since V8 would leave an inlined kernel in the baseline compiler (see gemm_kernels.h).
struct Kernels {
  int rows;     // R of the largest register tile
  int vectors;  // its vectors of output channels
  int lanes;

  /// tile[r-1][v-1]: r pixels times v vectors of output channels; weights are a panel.
  Kernel tile[kMostRows][kMostVectors];
  /// One pixel times `columns` output channels; weights lie as they came.
  Kernel direct;
  /// depthwise[r-1]: r pixels times `columns` channels, each channel by itself.
  Kernel depthwise[kDepthwiseRows];
  WinogradKernel winograd_input;
  WinogradKernel winograd_output;
  /// gradient[r-1][v-1]: r adjacent input elements of the window times v vectors of output channels.
  GradientKernel gradient[kGradientRows][kMostVectors];

  constexpr int columns() const { return vectors * lanes; }  // NR
};

/// A target's table; target.cpp instantiates it.
template <class Simd>
struct KernelsOf {
  static const Kernels kTable;
};

}  // namespace optlab::conv::detail
