#include "conv/conv_driver.h"

#include <algorithm>
#include <limits>

#include "conv/walk.h"

/// The drivers that walk along pointers: direct, implicit and depthwise.
namespace optlab::conv::detail {
namespace {

/// to[columns filled up to `padded`] = bias[columns] with the given distance in between, zeros without one. Adding a
/// zero changes no bit, since a sum that began at +0 is never -0.
void copy_bias(const float* bias, int columns, int distance, int padded, float* to) {
  for (int n = 0; n < padded; ++n) to[n] = bias != nullptr && n < columns ? bias[n * distance] : 0.0F;
}

/// The bias of every group, each filled up to `padded` floats.
void copy_group_biases(const Problem& problem, int padded, float* to) {
  const Geometry& g = problem.geometry;
  const float* bias = problem.epilogue.bias;
  for (int group = 0; group < g.groups; ++group) {
    copy_bias(bias == nullptr ? nullptr : bias + group * g.group_outputs(), g.group_outputs(), 1, padded,
              to + static_cast<std::ptrdiff_t>(group) * padded);
  }
}

Task task_of(const Problem& problem, const Stretches& stretches) {
  Task task{};
  task.segments = stretches.segments;
  task.length = stretches.length;
  task.pixel_stride = problem.geometry.outputs;
  task.floor = floor_of(problem.epilogue);
  return task;
}

float* output_at(const Problem& problem, int pixel, int output) {
  return problem.output + static_cast<std::ptrdiff_t>(pixel) * problem.geometry.outputs + output;
}

Walk direct_walk(const Problem& problem) {
  const Geometry& g = problem.geometry;
  return {problem, stretches_of(g), 1, static_cast<std::size_t>(g.groups) * round_up(g.group_outputs(), kMostLanes)};
}

Walk implicit_walk(const Kernels& kernels, const Problem& problem) {
  const Geometry& g = problem.geometry;
  return {problem, stretches_of(g), kernels.rows,
          static_cast<std::size_t>(g.groups) * round_up(g.group_outputs(), kernels.lanes)};
}

Walk depthwise_walk(const Kernels& kernels, const Problem& problem) {
  const Geometry& g = problem.geometry;
  return {problem, depthwise_stretches_of(g), kDepthwiseRows,
          static_cast<std::size_t>(g.group_outputs()) * round_up(g.channels, kernels.lanes)};
}

/// Tiles whose last vector is wider than what the output has left.
void run_edge_tiles(Kernel kernel, Task task, int pixels, int width) {
  float buffer[kChunkPixels * kMostVectors * kMostLanes];
  float* const to = task.output;
  const std::ptrdiff_t stride = task.pixel_stride;
  task.output = buffer;
  task.pixel_stride = kMostVectors * kMostLanes;
  kernel(task);
  for (int r = 0; r < pixels; ++r) std::copy_n(buffer + r * task.pixel_stride, width, to + r * stride);
}

}  // namespace

float floor_of(const Epilogue& epilogue) {
  return epilogue.activation == Activation::kRelu ? 0.0F : -std::numeric_limits<float>::infinity();
}

int useful_workers(const Geometry& geometry, const Workspace& workspace) {
  constexpr double kFlopsPerSecond = 4e10;
  return parallel::useful_workers(workspace.pool, workspace.threads, geometry.flops() / kFlopsPerSecond);
}

std::size_t direct_scratch_bytes(const Problem& problem, int threads) {
  return direct_walk(problem).scratch_bytes(threads);
}

void run_direct(const Kernels& kernels, const Problem& problem, const Workspace& workspace) noexcept {
  const Geometry& g = problem.geometry;
  const Walk walk = direct_walk(problem);
  float* bias = walk.bias(workspace.scratch);
  const int padded = round_up(g.group_outputs(), kMostLanes);
  copy_group_biases(problem, padded, bias);
  walk.run(workspace, {0, g.groups}, [&](int first, const Tiles& tiles, int group, const float* const* rows) {
    Task task = task_of(problem, walk.stretches());
    task.weights = problem.filter + group * g.group_outputs();
    task.weight_stride = g.outputs;
    task.columns = g.group_outputs();
    task.bias = bias + static_cast<std::ptrdiff_t>(group) * padded;
    for (int i = 0; i < tiles.count; ++i) {
      task.rows = rows + static_cast<std::ptrdiff_t>(i) * task.segments;
      task.output = output_at(problem, first + i, group * g.group_outputs());
      kernels.direct(task);
    }
  });
}

std::size_t implicit_scratch_bytes(const Kernels& kernels, const Problem& problem, int threads) {
  return implicit_walk(kernels, problem).scratch_bytes(threads);
}

void run_implicit(const Kernels& kernels, const Problem& problem, const Workspace& workspace) noexcept {
  const Geometry& g = problem.geometry;
  const Walk walk = implicit_walk(kernels, problem);
  float* bias = walk.bias(workspace.scratch);
  const int outputs = g.group_outputs();
  const int padded = round_up(outputs, kernels.lanes);
  copy_group_biases(problem, padded, bias);
  walk.run(workspace, {0, g.groups}, [&](int first, const Tiles& tiles, int group, const float* const* rows) {
    Task task = task_of(problem, walk.stretches());
    for (int n = 0; n < outputs; n += kernels.columns()) {
      const int width = std::min(kernels.columns(), outputs - n);
      const int vectors = (width + kernels.lanes - 1) / kernels.lanes;
      task.weights = problem.filter + (static_cast<std::ptrdiff_t>(group) * padded + n) * g.depth();
      task.bias = bias + static_cast<std::ptrdiff_t>(group) * padded + n;
      task.rows = rows;
      task.output = output_at(problem, first, group * outputs + n);
      tiles.for_each_height([&](int height, int count) {
        const Kernel kernel = kernels.tile[height - 1][vectors - 1];
        task.tiles = count;
        if (width == vectors * kernels.lanes) {
          kernel(task);
        } else {
          run_edge_tiles(kernel, task, height * count, width);
        }
        task.rows += static_cast<std::ptrdiff_t>(height) * count * task.segments;
        task.output += height * count * task.pixel_stride;
      });
    }
  });
}

std::size_t depthwise_scratch_bytes(const Kernels& kernels, const Problem& problem, int threads) {
  return depthwise_walk(kernels, problem).scratch_bytes(threads);
}

void run_depthwise(const Kernels& kernels, const Problem& problem, const Workspace& workspace) noexcept {
  const Geometry& g = problem.geometry;
  const Walk walk = depthwise_walk(kernels, problem);
  float* bias = walk.bias(workspace.scratch);
  const int multiplier = g.group_outputs();
  const int padded = round_up(g.channels, kernels.lanes);
  for (int j = 0; j < multiplier; ++j) {
    const float* from = problem.epilogue.bias;
    copy_bias(from == nullptr ? nullptr : from + j, g.channels, multiplier, padded,
              bias + static_cast<std::ptrdiff_t>(j) * padded);
  }
  walk.run(workspace, {0, 1}, [&](int first, const Tiles& tiles, int /*group*/, const float* const* rows) {
    Task task = task_of(problem, walk.stretches());
    task.weights = problem.filter;
    task.weight_stride = padded;
    task.columns = g.channels;
    task.bias = bias;
    task.multiplier = multiplier;
    task.rows = rows;
    task.output = output_at(problem, first, 0);
    for (int i = 0; i < tiles.count; ++i) {
      const int height = tiles.height(i);
      kernels.depthwise[height - 1](task);
      task.rows += static_cast<std::ptrdiff_t>(height) * task.segments;
      task.output += height * task.pixel_stride;
    }
  });
}

}  // namespace optlab::conv::detail
