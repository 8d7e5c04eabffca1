#include <algorithm>
#include <cstdint>

#include "gemm/gemm_kernels.h"
#include "gemm/gemm_schedule.h"

/// The loop nest around the register tile (Goto and van de Geijn, 2008): which block of A and B sits in which cache.
namespace optlab::gemm::detail {
namespace {

constexpr std::size_t kLineFloats = kCacheLine / sizeof(float);

std::size_t whole_lines(std::size_t floats) { return (floats + kLineFloats - 1) / kLineFloats * kLineFloats; }

/// How a product goes about its operands.
struct Plan {
  const Kernels& kernels;
  const Problem& problem;
  int depth;    // k per step
  int columns;  // n per step
  int rows;     // m per block of A
  bool b_in_place;
  bool a_in_place;

  Plan(const Kernels& used, const Problem& wanted, const Blocking& blocking)
      : kernels(used), problem(wanted), depth(blocking.depth), columns(round_up(blocking.columns, used.columns())) {
    const auto& [a, b, c, epilogue, panels] = problem;
    const auto elements = static_cast<std::int64_t>(b.rows) * b.columns;
    const bool read_once = c.rows <= kernels.rows;
    b_in_place = panels == nullptr && b.column_stride == 1 &&
                 (read_once || (c.rows <= kInPlaceTiles * kernels.rows && elements <= kInPlaceElements));
    // A few rows of a large B at a time: each is a stream, and a page, of its own.
    if (b_in_place && read_once && elements > kInPlaceElements) depth = std::min(depth, kStreams);
    // One tile or two per row of A: a copy would cost as much as it saves.
    a_in_place = a.column_stride == 1 || c.columns <= 2 * kernels.columns();
    rows = round_up(blocking.rows, kernels.rows);
  }

  // Packing B pays once enough tiles of rows read it, or if its rows lie in too many pages. GFLOP/s in place and packed,
  // Node 24 on a Xeon with 2 MiB of second-level cache, fused: 8×8×8 6.0 and 4.5, 24×512×512 51 and 44, 64×784×256 52 and
  // 48, 256³ 52 and 54, 64×1024×1024 20 and 47; 6×1024×1024 in streams of 64 rows 25, of 512 19, packed 20.
  static constexpr int kInPlaceTiles = 16;
  static constexpr std::int64_t kInPlaceElements = 1 << 18;  // 1 MiB
  static constexpr int kStreams = 64;

  int step_depth() const { return std::min(depth, problem.a.columns); }
  int step_columns() const { return std::min(columns, problem.c.columns); }
  bool packs_b() const { return !b_in_place && problem.b_panels == nullptr; }

  // Scratch, in floats: a block of B that all workers share, then what each has for itself.
  std::size_t shared_floats() const {
    return packs_b() ? whole_lines(PanelLayout{step_depth(), step_columns(), kernels.columns(), kernels.lanes}.floats())
                     : 0;
  }
  std::size_t tail_floats() const {  // B read in place: its last panel, if that isn't whole vectors
    return b_in_place ? whole_lines(static_cast<std::size_t>(step_depth()) * kernels.columns()) : 0;
  }
  std::size_t worker_floats() const {
    const int block = std::min(rows, problem.c.rows);
    return tail_floats() + (a_in_place ? 0 : whole_lines(static_cast<std::size_t>(step_depth()) * block));
  }
};

/// Finishes a part of C whose first column is C's column n.
void apply_epilogue(const Kernels& kernels, const MatrixView& part, const Epilogue& epilogue, int n) {
  if (epilogue.bias == nullptr && epilogue.activation == Activation::kNone) return;
  kernels.finish(part, epilogue.bias == nullptr ? nullptr : epilogue.bias + n, epilogue.activation);
}

/// One register tile, `padded_width` columns wide as B's panel is. Where that is more than C has, it goes through a
/// buffer.
void run_tile(const Kernels& kernels, const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& c,
              bool accumulate) {
  const Tile tile = kernels.tile[c.rows - 1][b.columns / kernels.lanes - 1];
  if (b.columns == c.columns) return tile(a, b, c, accumulate);
  float buffer[kMostRows * kMostVectors * 16];
  const MatrixView edge{buffer, c.rows, b.columns, b.columns, 1};
  if (accumulate) {
    std::fill_n(buffer, c.rows * b.columns, 0.0F);
    for (int r = 0; r < c.rows; ++r) std::copy_n(c.row(r), c.columns, edge.row(r));
  }
  tile(a, b, edge, accumulate);
  for (int r = 0; r < c.rows; ++r) std::copy_n(edge.row(r), c.columns, c.row(r));
}

/// Asks for the rows of C below a tile, which lie far apart, while the tile is being computed (AVX2, 1024³: 87 to 91
/// GFLOP/s). WebAssembly has no such instruction.
void prefetch_rows_below([[maybe_unused]] const MatrixView& c, [[maybe_unused]] int rows) {
#if !defined(__wasm__)
  for (int r = 0; r < rows; ++r) __builtin_prefetch(c.data + (c.rows + r) * c.row_stride, 1);
#endif
}

/// One (n0, k0) step of the nest: the workers divide C's columns n0 … n0 + columns.
struct Step {
  const Plan& plan;
  int n0, columns;
  int k0, depth;
  const float* b_packed;  // this step's block, where the plan packs B

  bool first() const { return k0 == 0; }
  bool last() const { return k0 + depth == plan.problem.a.columns; }
  PanelLayout layout() const { return {depth, columns, plan.kernels.columns(), plan.kernels.lanes}; }

  /// Panel p [depth, padded_width], wherever it is; `tail` is room for one that has to be copied.
  ConstMatrixView b_panel(int p, float* tail) const {
    const PanelLayout block = layout();
    const int padded = block.padded_width(p);
    if (plan.problem.b_panels != nullptr) {
      const PanelLayout whole{plan.problem.b.rows, plan.problem.b.columns, block.panel_columns, block.lanes};
      const float* panel = plan.problem.b_panels + whole.offset(n0 / block.panel_columns + p);
      return {panel + static_cast<std::ptrdiff_t>(k0) * padded, depth, padded, padded, 1};
    }
    if (!plan.b_in_place) return {b_packed + block.offset(p), depth, padded, padded, 1};
    const ConstMatrixView here = plan.problem.b.block(k0, n0 + p * block.panel_columns, depth, block.width(p));
    if (here.columns == padded) return here;
    pack(here, padded, tail);
    return {tail, depth, padded, padded, 1};
  }

  /// A block of C [rows, panel_range] by all its tiles.
  void run_block(parallel::Range rows, parallel::Range panel_range, float* scratch) const {
    const Problem& problem = plan.problem;
    const RowTiles tiles(rows.size(), plan.kernels.rows);
    float* const a_packed = scratch + plan.tail_floats();
    if (!plan.a_in_place) {
      float* to = a_packed;
      for (int i = 0, m = rows.begin; i < tiles.count; m += tiles.height(i++)) {
        pack(problem.a.block(m, k0, tiles.height(i), depth).transposed(), tiles.height(i), to);
        to += static_cast<std::ptrdiff_t>(tiles.height(i)) * depth;
      }
    }
    const PanelLayout panels = layout();
    for (int p = panel_range.begin; p < panel_range.end; ++p) {
      const int n = n0 + p * panels.panel_columns;
      const ConstMatrixView b = b_panel(p, scratch);
      MatrixView c = problem.c.block(rows.begin, n, tiles.least, panels.width(p));
      const float* packed = a_packed;
      for (int i = 0, m = rows.begin; i < tiles.count; ++i) {
        c.rows = tiles.height(i);
        const ConstMatrixView a =
            plan.a_in_place ? problem.a.block(m, k0, c.rows, depth) : ConstMatrixView{packed, c.rows, depth, 1, c.rows};
        if (i + 1 < tiles.count) prefetch_rows_below(c, tiles.height(i + 1));
        run_tile(plan.kernels, a, b, c, !first());
        if (last()) apply_epilogue(plan.kernels, c, problem.epilogue, n);
        m += c.rows;
        packed += static_cast<std::ptrdiff_t>(c.rows) * depth;
        c.data += c.rows * c.row_stride;
      }
    }
  }

  /// C's rows and panels that belong to one worker.
  void run(parallel::Range rows, parallel::Range panel_range, float* scratch) const {
    for (int m = rows.begin; m < rows.end; m += plan.rows) {
      run_block({m, std::min(m + plan.rows, rows.end)}, panel_range, scratch);
    }
  }
};

/// Packs some panels of a block of B, a few rows of all of them at a time: a cache line of B holds columns of two or
/// more panels and should be read once.
void pack_panels(const ConstMatrixView& block, const PanelLayout& layout, parallel::Range panels, float* to) {
  constexpr int kRowsAtATime = 16;
  for (int k = 0; k < block.rows; k += kRowsAtATime) {
    const int rows = std::min(kRowsAtATime, block.rows - k);
    for (int p = panels.begin; p < panels.end; ++p) {
      const int padded = layout.padded_width(p);
      pack(block.block(k, p * layout.panel_columns, rows, layout.width(p)), padded,
           to + layout.offset(p) + static_cast<std::ptrdiff_t>(k) * padded);
    }
  }
}

/// Calls body(step) for all steps of the product, columns outermost.
template <class Body>
void for_each_step(const Plan& plan, const float* b_packed, const Body& body) {
  const int N = plan.problem.c.columns;
  const int K = plan.problem.a.columns;
  for (int n0 = 0; n0 < N; n0 += plan.columns) {
    for (int k0 = 0; k0 < K; k0 += plan.depth) {
      body(Step{plan, n0, std::min(plan.columns, N - n0), k0, std::min(plan.depth, K - k0), b_packed});
    }
  }
}

/// A worker's part of the product with a vector: whole columns of C.
void run_row(const Kernels& kernels, const Problem& problem, parallel::Range columns) {
  const auto& [a, b, c, epilogue, panels] = problem;
  const MatrixView part = c.block(0, columns.begin, 1, columns.size());
  kernels.row(a, b.block(0, columns.begin, b.rows, columns.size()), part.data);
  apply_epilogue(kernels, part, epilogue, columns.begin);
}

/// The same with a packed B: whole panels.
void run_row_panels(const Kernels& kernels, const Problem& problem, parallel::Range panel_range) {
  const auto& [a, b, c, epilogue, panels] = problem;
  const PanelLayout layout{b.rows, b.columns, kernels.columns(), kernels.lanes};
  const auto stride = layout.offset(1);
  int p = panel_range.begin;
  while (p < panel_range.end) {
    const int group =
        p + kPanels <= panel_range.end && layout.width(p + kPanels - 1) == layout.panel_columns ? kPanels : 1;
    const int n = p * layout.panel_columns;
    const MatrixView part = c.block(0, n, 1, std::min(group * layout.panel_columns, c.columns - n));
    if (group == kPanels) {
      kernels.panels(a, panels + layout.offset(p), stride, part.data);
    } else {
      const int padded = layout.padded_width(p);
      run_tile(kernels, a, {panels + layout.offset(p), b.rows, padded, padded, 1}, part, false);
    }
    apply_epilogue(kernels, part, epilogue, n);
    p += group;
  }
}

void run_vector(const Kernels& kernels, const Problem& problem, parallel::ThreadPool& pool, int workers) {
  constexpr int kGrain = 32;  // two cache lines of C, so that no two workers write to one
  pool.run(workers, [&](int worker) {
    if (problem.b_panels == nullptr) {
      const parallel::Range columns = parallel::partition(problem.c.columns, workers, worker, kGrain);
      if (columns.size() > 0) run_row(kernels, problem, columns);
    } else {
      const int panels = (problem.c.columns + kernels.columns() - 1) / kernels.columns();
      run_row_panels(kernels, problem, parallel::partition(panels, workers, worker, kPanels));
    }
  });
}

/// K = 0: C = activation(bias).
void run_empty(const Kernels& kernels, const Problem& problem) {
  for (int m = 0; m < problem.c.rows; ++m) std::fill_n(problem.c.row(m), problem.c.columns, 0.0F);
  apply_epilogue(kernels, problem.c, problem.epilogue, 0);
}

/// About how long a product takes one worker, in seconds: arithmetic, or reading B where every element is used once.
double rough_seconds(const Problem& problem) {
  constexpr double kFlopsPerSecond = 4e10;
  constexpr double kBytesPerSecond = 3e10;
  const double b_elements = static_cast<double>(problem.b.rows) * problem.b.columns;
  return std::max(2.0 * problem.c.rows * b_elements / kFlopsPerSecond, sizeof(float) * b_elements / kBytesPerSecond);
}

}  // namespace

std::size_t packed_scratch_bytes(const Kernels& kernels, const Problem& problem, const Blocking& blocking,
                                 int threads) {
  const Plan plan(kernels, problem, blocking);
  return sizeof(float) * (plan.shared_floats() + plan.worker_floats() * static_cast<std::size_t>(threads));
}

void run_packed(const Kernels& kernels, const Problem& problem, const Workspace& workspace) noexcept {
  const int M = problem.c.rows;
  const int N = problem.c.columns;
  const int K = problem.a.columns;
  if (M == 0 || N == 0) return;
  if (K == 0) return run_empty(kernels, problem);
  const int workers = parallel::useful_workers(workspace.pool, workspace.threads, rough_seconds(problem));
  if (M == 1 && (problem.b_panels != nullptr || problem.b.column_stride == 1)) {
    return run_vector(kernels, problem, workspace.pool, workers);
  }

  const Plan plan(kernels, problem, workspace.blocking);
  auto* b_packed = reinterpret_cast<float*>(workspace.scratch);
  float* private_scratch = b_packed + plan.shared_floats();
  const int grid_rows = row_parts(workers, M, kernels.rows);
  const int grid_columns = workers / grid_rows;
  const auto multiply = [&](const Step& step, int worker) {
    step.run(parallel::partition(M, grid_rows, worker / grid_columns, kernels.rows),
             parallel::partition(step.layout().panels(), grid_columns, worker % grid_columns),
             private_scratch + plan.worker_floats() * static_cast<std::size_t>(worker));
  };
  if (!plan.packs_b()) {  // the workers need not meet
    workspace.pool.run(
        workers, [&](int worker) { for_each_step(plan, nullptr, [&](const Step& step) { multiply(step, worker); }); });
    return;
  }
  for_each_step(plan, b_packed, [&](const Step& step) {
    workspace.pool.run(workers, [&](int worker) {
      pack_panels(problem.b.block(step.k0, step.n0, step.depth, step.columns), step.layout(),
                  parallel::partition(step.layout().panels(), workers, worker), b_packed);
    });
    workspace.pool.run(workers, [&](int worker) { multiply(step, worker); });
  });
}

}  // namespace optlab::gemm::detail
