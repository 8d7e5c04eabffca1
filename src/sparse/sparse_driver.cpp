#include <algorithm>

#include "sparse/sparse_kernels.h"

/// The loops around the kernels: which rows and panels meet, and who of the workers takes them.
namespace optlab::sparse::detail {
namespace {

/// Fewer rows than this go one by one, without a copy of A: lanes along M would mostly idle.
constexpr int kFewRows = 3;
constexpr int kWindow = BlockMatrix::kWindow;

constexpr int ceil_div(int value, int divisor) { return (value + divisor - 1) / divisor; }
constexpr std::size_t whole_lines(std::size_t floats) {
  constexpr std::size_t kLineFloats = kCacheLine / sizeof(float);
  return (floats + kLineFloats - 1) / kLineFloats * kLineFloats;
}

/// How a product goes about its operands: the rows of A in groups of whole vectors, transposed.
struct Plan {
  const Kernels& kernels;
  const Problem& problem;
  int format;
  BlockShape shape;
  int depth;  // K, up to a whole block
  int most;   // vectors in a group
  int vectors = 0;
  int groups = 0;

  Plan(const Kernels& used, const Problem& wanted, int workers)
      : kernels(used),
        problem(wanted),
        format(static_cast<int>(wanted.w.format())),
        shape(shape_of(wanted.w.format())),
        depth(ceil_div(wanted.a.columns, shape.depth) * shape.depth),
        most(used.vectors[format]) {
    if (row_by_row()) return;
    vectors = ceil_div(wanted.c.rows, used.lanes);
    // As few groups as registers allow, since each reads all weights, but one for every worker.
    groups = std::max(ceil_div(vectors, most), std::min(workers, vectors));
  }

  bool row_by_row() const { return problem.c.rows < kFewRows; }
  bool x_in_place() const { return problem.a.column_stride == 1 && problem.a.columns == depth; }

  // The groups are level: 9 vectors are 5 and 4.
  int first_vector(int g) const { return g * (vectors / groups) + std::min(g, vectors % groups); }
  int width(int g) const { return (first_vector(g + 1) - first_vector(g)) * kernels.lanes; }
  int first_row(int g) const { return first_vector(g) * kernels.lanes; }
  int row_count(int g) const { return std::min(width(g), problem.c.rows - first_row(g)); }

  // Scratch, in floats: A as the kernels read it, then each worker's sums on their way to C.
  std::size_t packed_floats() const {
    if (!row_by_row()) return whole_lines(static_cast<std::size_t>(vectors) * kernels.lanes * depth);
    return x_in_place() ? 0 : whole_lines(static_cast<std::size_t>(problem.c.rows) * depth);
  }
  std::size_t worker_floats() const {
    return whole_lines(static_cast<std::size_t>(shape.columns == 1 ? kWindow : shape.columns) * most * kernels.lanes);
  }

  Panel panel(int position) const {
    const BlockMatrix& w = problem.w;
    const std::int32_t first = w.starts()[position];
    return {w.indices().data() + first, w.values().data() + std::ptrdiff_t{first} * shape.size(),
            w.starts()[position + 1] - first};
  }
  /// The first column of the panel at a position.
  int column(int position) const { return problem.w.order()[position] * shape.columns; }
  const float* bias(int n) const { return problem.epilogue.bias == nullptr ? nullptr : problem.epilogue.bias + n; }
};

/// The positions that belong to one of `parts`: whole windows, about as many blocks for each.
parallel::Range share(const BlockMatrix& w, int parts, int part) {
  const auto begin = [&](int p) {
    if (p == parts) return w.panels();
    const auto target = static_cast<std::int32_t>(std::int64_t{w.blocks()} * p / parts);
    const auto found = std::lower_bound(w.starts().begin(), w.starts().end(), target) - w.starts().begin();
    return std::min((static_cast<int>(found) + kWindow / 2) / kWindow * kWindow, w.panels());
  };
  return {part == 0 ? 0 : begin(part), begin(part + 1)};
}

/// A row of C, the panels at `positions`.
void run_row(const Plan& plan, const float* x, int m, parallel::Range positions) {
  const auto& [a, w, c, epilogue] = plan.problem;
  for (int first = positions.begin; first < positions.end; first += kChains) {
    const int count = std::min(kChains, positions.end - first);
    Panel panels[kChains];
    float sums[kChains * 4];
    for (int p = 0; p < count; ++p) panels[p] = plan.panel(first + p);
    plan.kernels.row[plan.format](panels, x, sums);
    for (int p = 0; p < count; ++p) {
      const int n = plan.column(first + p);
      store_row(sums + p * plan.shape.columns, std::min(plan.shape.columns, c.columns - n), c.row(m) + n, plan.bias(n),
                epilogue.activation);
    }
  }
}

/// A group of rows, the panels at `positions`; `sums` is the worker's own.
void run_group(const Plan& plan, int g, const float* a_packed, parallel::Range positions, float* sums) {
  const MatrixView& c = plan.problem.c;
  const int width = plan.width(g);
  const MatrixView rows = c.block(plan.first_row(g), 0, plan.row_count(g), c.columns);
  const float* a_group = a_packed + static_cast<std::ptrdiff_t>(plan.first_row(g)) * plan.depth;
  const Tile tile = plan.kernels.tile[plan.format][width / plan.kernels.lanes - 1];
  const auto store = [&](int n, int columns) {
    store_transposed(sums, width, rows.block(0, n, rows.rows, columns), plan.bias(n), plan.problem.epilogue.activation);
  };
  // CSR collects a window of columns and then turns it over in one go: single columns would be written one float a row.
  const bool collects = plan.shape.columns == 1;
  for (int first = positions.begin; first < positions.end; first += kWindow) {
    const int end = std::min(first + kWindow, positions.end);
    for (int position = first; position < end; ++position) {
      const int n = plan.column(position);
      float* to = collects ? sums + static_cast<std::ptrdiff_t>(n - first) * width : sums;
      const Panel panel = plan.panel(position);
      if (panel.blocks == 0) {
        std::fill_n(to, plan.shape.columns * width, 0.0F);
      } else {
        tile(panel, a_group, to);
      }
      if (!collects) store(n, std::min(plan.shape.columns, c.columns - n));
    }
    if (collects) store(first, end - first);
  }
}

/// About how long a product takes one worker, in seconds. FLOP/s of stored weights at 10 to 20 % density, fused, Node 24 on a
/// Xeon: a row of A meets CSR at 4e9, blocks at 2e10; several rows at once 4e10.
double rough_seconds(const Problem& problem) {
  const BlockShape shape = shape_of(problem.w.format());
  const double flops = 2.0 * problem.c.rows * problem.w.blocks() * shape.size();
  return flops / (problem.c.rows >= kFewRows ? 4e10 : shape.columns == 1 ? 4e9 : 2e10);
}

void run_rows(const Plan& plan, parallel::ThreadPool& pool, int workers, float* scratch) {
  const auto& [a, w, c, epilogue] = plan.problem;
  if (!plan.x_in_place()) {
    for (int m = 0; m < c.rows; ++m) pack_rows(a.block(m, 0, 1, a.columns), 1, plan.depth, scratch + m * plan.depth);
  }
  pool.run(workers, [&](int worker) {
    for (int m = 0; m < plan.problem.c.rows; ++m) {
      const float* x = plan.x_in_place() ? plan.problem.a.row(m) : scratch + std::ptrdiff_t{m} * plan.depth;
      run_row(plan, x, m, share(plan.problem.w, workers, worker));
    }
  });
}

void run_groups(const Plan& plan, parallel::ThreadPool& pool, int workers, float* scratch) {
  const auto pack = [&](int g) {
    pack_rows(plan.problem.a.block(plan.first_row(g), 0, plan.row_count(g), plan.problem.a.columns), plan.width(g),
              plan.depth, scratch + static_cast<std::ptrdiff_t>(plan.first_row(g)) * plan.depth);
  };
  float* const sums = scratch + plan.packed_floats();
  const auto own_sums = [&](int worker) { return sums + plan.worker_floats() * static_cast<std::size_t>(worker); };
  const parallel::Range all{0, plan.problem.w.panels()};
  if (plan.groups >= workers) {  // the workers need not meet
    pool.run(workers, [&](int worker) {
      const parallel::Range mine = parallel::partition(plan.groups, workers, worker);
      for (int g = mine.begin; g < mine.end; ++g) {
        pack(g);
        run_group(plan, g, scratch, all, own_sums(worker));
      }
    });
    return;
  }
  for (int g = 0; g < plan.groups; ++g) pack(g);
  pool.run(workers, [&](int worker) {
    for (int g = 0; g < plan.groups; ++g) {
      run_group(plan, g, scratch, share(plan.problem.w, workers, worker), own_sums(worker));
    }
  });
}

}  // namespace

std::size_t panel_scratch_bytes(const Kernels& kernels, const Problem& problem, int threads) {
  const Plan plan(kernels, problem, threads);
  return sizeof(float) * (plan.packed_floats() + plan.worker_floats() * static_cast<std::size_t>(threads));
}

void run_panels(const Kernels& kernels, const Problem& problem, const gemm::Workspace& workspace) noexcept {
  if (problem.c.rows == 0 || problem.c.columns == 0) return;
  const int workers = parallel::useful_workers(workspace.pool, workspace.threads, rough_seconds(problem));
  const Plan plan(kernels, problem, workers);
  auto* scratch = reinterpret_cast<float*>(workspace.scratch);
  if (plan.row_by_row()) {
    run_rows(plan, workspace.pool, workers, scratch);
  } else {
    run_groups(plan, workspace.pool, workers, scratch);
  }
}

}  // namespace optlab::sparse::detail
