#include <algorithm>

#include "gemm/gemm_kernels.h"

/// The loop nest around the register tile (Goto and van de Geijn, 2008): which block of A and B sits in which cache.
namespace optlab::gemm::detail {
namespace {

// A panel of B, kDepth × NR floats (16 KiB at NR = 8), stays in the first-level cache while the panels of A pass by; a block of A,
// kRows × kDepth floats (192 KiB), in the second; a block of B, kDepth × kColumns floats (1 MiB), in the second or the last.
// A deep block means fewer visits to C, whose rows lie far apart. Measured at 1024³, fused, one thread, Node 24 on a Xeon (48 KiB L1,
// 2 MiB L2), GFLOP/s by kDepth/kColumns: 256/1024 43.7, 512/1024 48.9, 1024/1024 49.8, 512/512 50.6.
constexpr int kDepth = 512;
constexpr int kRows = 96;
constexpr int kColumns = 512;

constexpr std::size_t round_up(std::size_t value, std::size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

struct Layout {
  std::size_t b_floats;
  std::size_t a_floats;  // per worker
};

Layout scratch_layout(const Kernels& kernels, int M, int N, int K) {
  constexpr std::size_t kLine = kCacheLine / sizeof(float);
  const auto depth = static_cast<std::size_t>(std::min(K, kDepth));
  const std::size_t columns = round_up(std::min(N, kColumns), kernels.columns);
  const std::size_t rows = round_up(std::min(M, kRows), kernels.rows);
  return {round_up(depth * columns, kLine), round_up(depth * rows, kLine)};
}

/// Finishes a part of C whose first column is C's column n.
void apply_epilogue(const Kernels& kernels, const MatrixView& part, const Epilogue& epilogue, int n) {
  if (epilogue.bias == nullptr && epilogue.activation == Activation::kNone) return;
  kernels.finish(part, epilogue.bias == nullptr ? nullptr : epilogue.bias + n, epilogue.activation);
}

/// One (n0, k0) step of the nest: B's block is packed, the workers divide C's block.
struct Step {
  const Kernels& kernels;
  const Problem& problem;
  int n0, columns;
  int k0, depth;
  const float* b_packed;

  bool first() const { return k0 == 0; }
  bool last() const { return k0 + depth == problem.a.columns; }
  int panels() const { return (columns + kernels.columns - 1) / kernels.columns; }

  /// One register tile; at an edge it goes through a buffer, since the kernel only knows whole tiles.
  void run_tile(int m, int rows, int panel, const float* a_panel) const {
    const int n = panel * kernels.columns;
    const int width = std::min(kernels.columns, columns - n);
    const float* b_panel = b_packed + static_cast<std::ptrdiff_t>(n) * depth;
    const MatrixView c = problem.c.block(m, n0 + n, rows, width);
    if (rows == kernels.rows && width == kernels.columns) {
      kernels.tile(depth, a_panel, b_panel, c.data, c.row_stride, !first());
    } else {
      float edge[kLargestTile] = {};
      if (!first()) {
        for (int r = 0; r < rows; ++r) std::copy_n(c.row(r), width, edge + r * kernels.columns);
      }
      kernels.tile(depth, a_panel, b_panel, edge, kernels.columns, !first());
      for (int r = 0; r < rows; ++r) std::copy_n(edge + r * kernels.columns, width, c.row(r));
    }
    if (last()) apply_epilogue(kernels, c, problem.epilogue, n0 + n);
  }

  /// C's rows and panels that belong to one worker.
  void run(parallel::Range rows, parallel::Range panel_range, float* a_packed) const {
    for (int m0 = rows.begin; m0 < rows.end; m0 += kRows) {
      const int block_rows = std::min(kRows, rows.end - m0);
      kernels.pack_a(problem.a.block(m0, k0, block_rows, depth), a_packed);
      for (int panel = panel_range.begin; panel < panel_range.end; ++panel) {
        for (int m = 0; m < block_rows; m += kernels.rows) {
          run_tile(m0 + m, std::min(kernels.rows, block_rows - m), panel,
                   a_packed + static_cast<std::ptrdiff_t>(m) * depth);
        }
      }
    }
  }
};

/// How many of `workers` share the rows of C; the others share its columns. Sharing rows comes first: it packs every
/// row of A once.
int row_parts(int workers, int M, int tile_rows) {
  int parts = workers;
  while (parts > 1 && (workers % parts != 0 || M < 2 * parts * tile_rows)) --parts;
  return parts;
}

void run_row(const Kernels& kernels, const Problem& problem, Context& context, int workers) noexcept {
  const auto& [a, b, c, epilogue] = problem;
  constexpr int kGrain = 32;  // two cache lines of C, so that no two workers write to one
  const auto share = [&](int worker) {
    const auto [begin, end] = parallel::partition(c.columns, workers, worker, kGrain);
    if (begin == end) return;
    const MatrixView part = c.block(0, begin, 1, end - begin);
    kernels.row(a.data, a.column_stride, b.block(0, begin, b.rows, end - begin), part.data);
    apply_epilogue(kernels, part, epilogue, begin);
  };
  context.pool.run(workers, share);
}

}  // namespace

std::size_t packed_scratch_bytes(const Kernels& kernels, int M, int N, int K, int threads) {
  const auto [b_floats, a_floats] = scratch_layout(kernels, M, N, K);
  return sizeof(float) * (b_floats + a_floats * static_cast<std::size_t>(threads));
}

void run_packed(const Kernels& kernels, const Problem& problem, Context& context, int threads) noexcept {
  const auto& [a, b, c, epilogue] = problem;
  const int M = c.rows;
  const int N = c.columns;
  const int K = a.columns;
  if (M == 0 || N == 0) return;

  // Below this a second thread may cost more than it saves. Measured on a 2-core Xeon: starting a worker that still spins takes 0.8 µs, one
  // that sleeps 95 µs; a million FLOPs take 10 to 30 µs on one core.
  constexpr double kSerialFlops = 1e6;
  const int workers = 2.0 * M * N * K < kSerialFlops ? 1 : std::min(threads, context.pool.threads());
  if (M == 1 && K > 0 && b.column_stride == 1) return run_row(kernels, problem, context, workers);

  const auto [b_floats, a_floats] = scratch_layout(kernels, M, N, K);
  auto* b_packed = reinterpret_cast<float*>(context.scratch.data());
  float* a_packed = b_packed + b_floats;
  const int grid_rows = row_parts(workers, M, kernels.rows);
  const int grid_columns = workers / grid_rows;

  for (int n0 = 0; n0 < N; n0 += kColumns) {
    int k0 = 0;
    do {  // once even for K = 0, which gives activation(bias)
      const Step step{kernels, problem, n0, std::min(kColumns, N - n0), k0, std::min(kDepth, K - k0), b_packed};
      const auto pack = [&](int worker) {
        const auto [begin, end] = parallel::partition(step.columns, workers, worker, kernels.columns);
        kernels.pack_b(b.block(k0, n0 + begin, step.depth, end - begin),
                       b_packed + static_cast<std::ptrdiff_t>(begin) * step.depth);
      };
      const auto multiply = [&](int worker) {
        step.run(parallel::partition(M, grid_rows, worker / grid_columns, kernels.rows),
                 parallel::partition(step.panels(), grid_columns, worker % grid_columns),
                 a_packed + a_floats * static_cast<std::size_t>(worker));
      };
      context.pool.run(workers, pack);
      context.pool.run(workers, multiply);
      k0 += kDepth;
    } while (k0 < K);
  }
}

}  // namespace optlab::gemm::detail
