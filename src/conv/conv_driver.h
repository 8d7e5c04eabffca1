#pragma once

#include <cstddef>

#include "conv/conv.h"
#include "conv/conv_kernels.h"

/// The drivers around the kernels, and the layouts of a packed filter; private to this folder.
namespace optlab::conv::detail {

// The drivers: scratch bytes that they need, and the work.
void run_naive(const Problem& problem) noexcept;
std::size_t direct_scratch_bytes(const Problem& problem, int threads);
void run_direct(const Kernels& kernels, const Problem& problem, const Workspace& workspace) noexcept;
std::size_t implicit_scratch_bytes(const Kernels& kernels, const Problem& problem, int threads);
void run_implicit(const Kernels& kernels, const Problem& problem, const Workspace& workspace) noexcept;
std::size_t depthwise_scratch_bytes(const Kernels& kernels, const Problem& problem, int threads);
void run_depthwise(const Kernels& kernels, const Problem& problem, const Workspace& workspace) noexcept;
std::size_t winograd_scratch_bytes(const Kernels& kernels, const Problem& problem, int threads);
void run_winograd(const Kernels& kernels, const Problem& problem, const Workspace& workspace) noexcept;
std::size_t im2col_scratch_bytes(const Variant& variant, const Problem& problem, const Context& context, int threads);
void run_im2col(const Variant& variant, const Problem& problem, const Workspace& workspace) noexcept;
std::size_t pointwise_scratch_bytes(const Variant& variant, const Problem& problem, const Context& context,
                                    int threads);
void run_pointwise(const Variant& variant, const Problem& problem, const Workspace& workspace) noexcept;

// The layouts of a packed filter, packed_filter.cpp.
/// [KH,KW,C/G,OC], as the weights came.
std::size_t plain_floats(const Geometry& geometry, const PanelFormat& panels);
void pack_plain(const Geometry& geometry, const PanelFormat& panels, const float* weights, float* to);
/// For every group panels [K][NR], the last one as many columns as it needs in whole vectors (gemm's PanelLayout).
std::size_t panel_floats(const Geometry& geometry, const PanelFormat& panels);
void pack_panels(const Geometry& geometry, const PanelFormat& panels, const float* weights, float* to);
/// [multiplier, KH·KW, C], C filled up to whole vectors.
std::size_t depthwise_floats(const Geometry& geometry, const PanelFormat& panels);
void pack_depthwise(const Geometry& geometry, const PanelFormat& panels, const float* weights, float* to);
/// [16] times panels [C][NR] of G·w·Gᵀ.
std::size_t winograd_floats(const Geometry& geometry, const PanelFormat& panels);
void pack_winograd(const Geometry& geometry, const PanelFormat& panels, const float* weights, float* to);

constexpr int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

/// Floats of the panels of a [depth, columns] matrix.
inline std::size_t panel_block(int depth, int columns, const PanelFormat& panels) {
  return static_cast<std::size_t>(depth) * round_up(columns, panels.lanes);
}

/// The lower bound that is the activation.
float floor_of(const Epilogue& epilogue);

/// How many workers a convolution is worth.
int useful_workers(const Geometry& geometry, const Workspace& workspace);

}  // namespace optlab::conv::detail
