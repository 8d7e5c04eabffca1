#include <algorithm>
#include <limits>

#include "conv/walk.h"

/// Winograd's F(2×2,3×3): four outputs from a 4×4 tile of input by 16 multiplications per channel (Lavin and Gray,
/// 2016). Transformed tiles become the rows of 16 matrix products.
namespace optlab::conv::detail {
namespace {

constexpr int kPositions = 16;
/// Tiles at a time, a multiple of every register tile's rows: with 64 channels their transforms are 2·96 KiB.
constexpr int kBlockTiles = 24;

struct Plan {
  const Kernels& kernels;
  const Problem& problem;

  const Geometry& geometry() const { return problem.geometry; }
  int tiles_down() const { return (geometry().output_height() + 1) / 2; }
  int tiles_across() const { return (geometry().output_width() + 1) / 2; }
  int tiles() const { return geometry().batch * tiles_down() * tiles_across(); }
  int padded() const { return round_up(geometry().outputs, kernels.lanes); }

  // Scratch: what all workers read, then what each has for itself.
  std::size_t zero_bytes() const { return line_bytes<float>(std::max(geometry().channels, kernels.columns())); }
  std::size_t bias_bytes() const { return line_bytes<float>(padded()); }
  std::size_t input_bytes() const {
    return line_bytes<float>(static_cast<std::size_t>(kPositions) * kBlockTiles * geometry().channels);
  }
  std::size_t product_bytes() const {
    return line_bytes<float>(static_cast<std::size_t>(kPositions) * kBlockTiles * padded());
  }
  std::size_t worker_bytes() const { return input_bytes() + product_bytes(); }
};

/// One worker's block of tiles.
class Block {
 public:
  Block(const Plan& plan, const float* zeros, const float* bias, std::byte* scratch)
      : plan_(plan),
        zeros_(zeros),
        bias_(bias),
        input_(reinterpret_cast<float*>(scratch)),
        product_(reinterpret_cast<float*>(scratch + plan.input_bytes())) {}

  void run(int first, int count) {
    for (int t = 0; t < count; ++t) transform_input(first + t, t);
    for (int position = 0; position < kPositions; ++position) multiply(position, count);
    for (int t = 0; t < count; ++t) transform_output(first + t, t);
  }

 private:
  struct Corner {
    int image, y, x;  // of the tile's first output
  };
  Corner corner(int tile) const {
    const int across = plan_.tiles_across();
    const int down = plan_.tiles_down();
    return {tile / (across * down), 2 * (tile / across % down), 2 * (tile % across)};
  }

  void transform_input(int tile, int t) const {
    const Geometry& g = plan_.geometry();
    const auto [image, oy, ox] = corner(tile);
    const float* pixels[kPositions];
    for (int i = 0; i < kPositions; ++i) {
      const int y = oy - g.padding + i / 4;
      const int x = ox - g.padding + i % 4;
      const bool inside = y >= 0 && y < g.height && x >= 0 && x < g.width;
      const auto position = (static_cast<std::ptrdiff_t>(image) * g.height + y) * g.width + x;
      pixels[i] = inside ? plan_.problem.input + position * g.channels : zeros_;
    }
    WinogradTask task{};
    task.from = pixels;
    task.tile = input_ + static_cast<std::ptrdiff_t>(t) * g.channels;
    task.stride = static_cast<std::ptrdiff_t>(kBlockTiles) * g.channels;
    task.columns = g.channels;
    plan_.kernels.winograd_input(task);
  }

  /// product[position, tiles, OC] = input[position, tiles, C] · weights[position, C, OC]
  void multiply(int position, int count) const {
    const Kernels& kernels = plan_.kernels;
    const int C = plan_.geometry().channels;
    const int padded = plan_.padded();
    const float* rows[kBlockTiles];
    for (int t = 0; t < count; ++t) rows[t] = input_ + (static_cast<std::ptrdiff_t>(position) * kBlockTiles + t) * C;
    Task task{};
    task.segments = 1;
    task.length = C;
    task.pixel_stride = padded;
    task.bias = zeros_;
    task.floor = -std::numeric_limits<float>::infinity();
    const Tiles tiles(count, kernels.rows);
    for (int n = 0; n < padded; n += kernels.columns()) {
      const int vectors = std::min(kernels.columns(), padded - n) / kernels.lanes;
      task.weights = plan_.problem.filter + (static_cast<std::ptrdiff_t>(position) * padded + n) * C;
      task.rows = rows;
      task.output = product_ + static_cast<std::ptrdiff_t>(position) * kBlockTiles * padded + n;
      tiles.for_each_height([&](int height, int times) {
        task.tiles = times;
        kernels.tile[height - 1][vectors - 1](task);
        task.rows += height * times;
        task.output += height * times * task.pixel_stride;
      });
    }
  }

  void transform_output(int tile, int t) const {
    const Geometry& g = plan_.geometry();
    const auto [image, oy, ox] = corner(tile);
    float* pixels[4];
    for (int i = 0; i < 4; ++i) {
      const int y = oy + i / 2;
      const int x = ox + i % 2;
      const bool inside = y < g.output_height() && x < g.output_width();
      const auto position = (static_cast<std::ptrdiff_t>(image) * g.output_height() + y) * g.output_width() + x;
      pixels[i] = inside ? plan_.problem.output + position * g.outputs : nullptr;
    }
    WinogradTask task{};
    task.to = pixels;
    task.tile = product_ + static_cast<std::ptrdiff_t>(t) * plan_.padded();
    task.stride = static_cast<std::ptrdiff_t>(kBlockTiles) * plan_.padded();
    task.columns = g.outputs;
    task.bias = bias_;
    task.floor = floor_of(plan_.problem.epilogue);
    plan_.kernels.winograd_output(task);
  }

  const Plan& plan_;
  const float* zeros_;
  const float* bias_;
  float* input_;
  float* product_;
};

}  // namespace

std::size_t winograd_scratch_bytes(const Kernels& kernels, const Problem& problem, int threads) {
  const Plan plan{kernels, problem};
  return plan.zero_bytes() + plan.bias_bytes() + plan.worker_bytes() * static_cast<std::size_t>(threads);
}

void run_winograd(const Kernels& kernels, const Problem& problem, const Workspace& workspace) noexcept {
  const Plan plan{kernels, problem};
  auto* zeros = reinterpret_cast<float*>(workspace.scratch);
  auto* bias = reinterpret_cast<float*>(workspace.scratch + plan.zero_bytes());
  std::fill_n(zeros, plan.zero_bytes() / sizeof(float), 0.0F);
  std::fill_n(bias, plan.padded(), 0.0F);
  if (problem.epilogue.bias != nullptr) std::copy_n(problem.epilogue.bias, problem.geometry.outputs, bias);
  std::byte* own = workspace.scratch + plan.zero_bytes() + plan.bias_bytes();
  const int workers = useful_workers(problem.geometry, workspace);
  workspace.pool.run(workers, [&](int worker) {
    Block block(plan, zeros, bias, own + plan.worker_bytes() * static_cast<std::size_t>(worker));
    const auto [begin, end] = parallel::partition(plan.tiles(), workers, worker, kernels.rows);
    for (int first = begin; first < end; first += kBlockTiles) block.run(first, std::min(kBlockTiles, end - first));
  });
}

}  // namespace optlab::conv::detail
