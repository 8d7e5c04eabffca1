#include <algorithm>
#include <cstdint>
#include <limits>

#include "conv/walk.h"

/// The convolutions that are a matrix product: im2col, and 1×1 without more ado.
namespace optlab::conv::detail {
namespace {

/// The product of one group: A's rows are pixels, B is the group's part of the filter.
gemm::Problem product_of(const Variant& variant, const Problem& problem, int group, ConstMatrixView a) {
  const Geometry& g = problem.geometry;
  const int first = group * g.group_outputs();
  const float* panels = problem.filter + panel_block(g.depth(), g.group_outputs(), variant.layout.panels) *
                                             static_cast<std::size_t>(group);
  const float* bias = problem.epilogue.bias;
  return {a,
          {panels, g.depth(), g.group_outputs(), g.group_outputs(), 1},
          {problem.output + first, a.rows, g.group_outputs(), g.outputs, 1},
          {bias == nullptr ? nullptr : bias + first, problem.epilogue.activation},
          panels};
}

/// The input as a matrix: a row of channels per pixel.
ConstMatrixView input_matrix(const Problem& problem, int group) {
  const Geometry& g = problem.geometry;
  return {problem.input + group * g.group_channels(), g.pixels(), g.group_channels(), g.channels, 1};
}

Walk im2col_walk(const Problem& problem) { return {problem, stretches_of(problem.geometry), 1, 0}; }

ConstMatrixView patch_matrix(const Problem& problem, const float* data) {
  const Geometry& g = problem.geometry;
  return {data, g.pixels(), g.depth(), g.depth(), 1};
}

std::size_t patch_matrix_bytes(const Geometry& g) {
  // In 64 bits: a small image with a large kernel can need more than a 32-bit machine has, and must then be refused.
  const auto floats = static_cast<std::uint64_t>(g.pixels()) * static_cast<std::uint64_t>(g.depth());
  constexpr std::uint64_t kMost = std::numeric_limits<std::size_t>::max() / 16;
  return floats > kMost ? std::numeric_limits<std::size_t>::max() / 2 : line_bytes<float>(floats);
}

}  // namespace

std::size_t im2col_scratch_bytes(const Variant& variant, const Problem& problem, const Context& context, int threads) {
  const std::size_t patches = patch_matrix_bytes(problem.geometry);
  if (patches >= std::numeric_limits<std::size_t>::max() / 2) return patches;
  const gemm::Problem product = product_of(variant, problem, 0, patch_matrix(problem, nullptr));
  return patches + im2col_walk(problem).scratch_bytes(threads) +
         variant.product->scratch_bytes(product, context.blocking, threads);
}

void run_im2col(const Variant& variant, const Problem& problem, const Workspace& workspace) noexcept {
  const Geometry& g = problem.geometry;
  auto* patches = reinterpret_cast<float*>(workspace.scratch);
  const Walk walk = im2col_walk(problem);
  Workspace rest = workspace;
  rest.scratch += patch_matrix_bytes(g);
  Workspace product_space = rest;
  product_space.scratch += walk.scratch_bytes(workspace.threads);
  const auto [segments, length, whole_rows] = walk.stretches();
  for (int group = 0; group < g.groups; ++group) {
    walk.run(rest, {group, group + 1}, [&](int first, const Tiles& tiles, int /*group*/, const float* const* rows) {
      float* to = patches + static_cast<std::ptrdiff_t>(first) * g.depth();
      for (int i = 0; i < tiles.count * segments; ++i) to = std::copy_n(rows[i], length, to);
    });
    variant.product->run(product_of(variant, problem, group, patch_matrix(problem, patches)), product_space);
  }
}

std::size_t pointwise_scratch_bytes(const Variant& variant, const Problem& problem, const Context& context,
                                    int threads) {
  return variant.product->scratch_bytes(product_of(variant, problem, 0, input_matrix(problem, 0)), context.blocking,
                                        threads);
}

void run_pointwise(const Variant& variant, const Problem& problem, const Workspace& workspace) noexcept {
  for (int group = 0; group < problem.geometry.groups; ++group) {
    variant.product->run(product_of(variant, problem, group, input_matrix(problem, group)), workspace);
  }
}

}  // namespace optlab::conv::detail
