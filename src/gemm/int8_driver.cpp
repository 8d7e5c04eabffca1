#include <algorithm>

#include "gemm/gemm_schedule.h"
#include "gemm/int8_kernels.h"

/// The loop nest around the integer tile. A panel of bytes is so small that k is never cut: a tile's sums are final.
namespace optlab::gemm::detail {
namespace {

/// What a column's sums lack: A's zero point and the bias. Unsigned, where an overflow is defined.
std::int32_t offset_of(const Requantization& q, int zero_point, std::int32_t column_sum, int n) {
  auto offset = 0U - static_cast<std::uint32_t>(zero_point) * static_cast<std::uint32_t>(column_sum);
  if (q.bias != nullptr) offset += static_cast<std::uint32_t>(q.bias[n]);
  return static_cast<std::int32_t>(offset);
}

/// A sum on its way to the result, by the reference and where there is nothing to multiply.
void store(const Int8Problem& problem, int m, int n, std::int32_t sum) {
  if (problem.requantization == nullptr) {
    problem.c(m, n) = sum;
    return;
  }
  const Requantization& q = *problem.requantization;
  const std::int32_t offset = offset_of(q, problem.zero_point, problem.b->column_sums()[n], n);
  const auto shifted = static_cast<std::uint32_t>(sum) + static_cast<std::uint32_t>(offset);
  problem.requantized(m, n) =
      requantize(static_cast<std::int32_t>(shifted), q.scale[q.scale.size() > 1 ? n : 0], q.zero_point, q.low, q.high);
}

/// What a product needs beside its operands.
struct Int8Plan {
  const Int8Kernels& kernels;
  const Int8Problem& problem;
  Int8Layout layout;
  bool a_in_place;
  std::ptrdiff_t row_bytes;  // of A as the tile reads it
  // What is added to a column's sums, and what they are multiplied with.
  std::int32_t* offsets = nullptr;
  float* scales = nullptr;

  Int8Plan(const Int8Kernels& used, const Int8Problem& wanted)
      : kernels(used),
        problem(wanted),
        layout{wanted.b->rows(), wanted.b->columns(), wanted.b->format()},
        a_in_place(wanted.rows == nullptr && used.a_bytes == 1 && wanted.a.columns % used.group == 0),
        row_bytes(static_cast<std::ptrdiff_t>(layout.groups()) * used.group * used.a_bytes) {}

  static constexpr int kBlockRows = 48;

  // Rows of A as the tile reads them, and where they are wider than bytes, a row of bytes first.
  std::size_t worker_bytes() const {
    if (a_in_place) return 0;
    const auto block = static_cast<std::size_t>(row_bytes) * std::min(kBlockRows, problem.a.rows);
    const std::size_t bytes = block + (kernels.a_bytes == 1 ? 0 : static_cast<std::size_t>(problem.a.columns));
    return whole_lines(bytes + (problem.rows != nullptr ? Int8RowSource::kSlack : 0));
  }

  // What all workers share.
  std::size_t shared_bytes() const {
    return problem.requantization == nullptr
               ? 0
               : whole_lines(static_cast<std::size_t>(layout.columns) * (sizeof(std::int32_t) + sizeof(float)));
  }

  static std::size_t whole_lines(std::size_t bytes) { return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine; }

  void fill_shared(std::byte* scratch) {
    if (problem.requantization == nullptr) return;
    offsets = reinterpret_cast<std::int32_t*>(scratch);
    scales = reinterpret_cast<float*>(offsets + layout.columns);
    fill_requantization(*problem.requantization, problem.zero_point, problem.b->column_sums(), offsets, scales);
  }

  /// Rows m … of A as the tile reads them; where they have to be made, widened or filled up to whole groups, in
  /// `scratch`.
  Int8Rows rows(int m, int count, std::byte* scratch) const {
    const ActivationView& a = problem.a;
    if (a_in_place) return {reinterpret_cast<const std::byte*>(a.row(m)), a.row_stride};
    const auto fill = [&](auto* to, int r, const std::uint8_t* from) {
      const std::ptrdiff_t elements = row_bytes / kernels.a_bytes;
      auto* row = to + r * elements;
      if (from != nullptr) std::copy_n(from, a.columns, row);
      std::fill(row + a.columns, row + elements, 0);
    };
    if (kernels.a_bytes == 1) {
      auto* bytes = reinterpret_cast<std::uint8_t*>(scratch);
      if (problem.rows != nullptr) problem.rows->gather(problem.rows->source, m, count, bytes, row_bytes);
      for (int r = 0; r < count; ++r) fill(bytes, r, problem.rows != nullptr ? nullptr : a.row(m + r));
      return {scratch, row_bytes};
    }
    auto* made = reinterpret_cast<std::uint8_t*>(scratch + row_bytes * std::min(kBlockRows, a.rows));
    for (int r = 0; r < count; ++r) {
      if (problem.rows != nullptr) problem.rows->gather(problem.rows->source, m + r, 1, made, a.columns);
      fill(reinterpret_cast<std::int16_t*>(scratch), r, problem.rows != nullptr ? made : a.row(m + r));
    }
    return {scratch, row_bytes};
  }

  /// Puts sums [rows, padded] where they belong: columns n … of the result.
  void finish(const SumView& sums, int m, int n, int width) const {
    if (problem.requantization != nullptr) {
      const Requantization& q = *problem.requantization;
      const simd::ByteRange range{static_cast<float>(q.zero_point), static_cast<float>(q.low),
                                  static_cast<float>(q.high)};
      kernels.requantize({sums.data, sums.row_stride, sums.rows, width, offsets + n, scales + n, range,
                          &problem.requantized(m, n), problem.requantized.row_stride});
    } else {
      for (int r = 0; r < sums.rows; ++r) std::copy_n(sums.row(r), width, &problem.c(m + r, n));
    }
  }

  /// One tile, straight into C where C wants sums and has room for whole vectors.
  void run_tile(const Int8Rows& a, int m, int height, int p) const {
    const int padded = layout.padded_width(p);
    const int width = layout.width(p);
    const int n = p * layout.format.columns;
    const std::byte* panel = problem.b->data() + layout.offset(p);
    const Int8Tile tile = kernels.tile[height - 1][padded / kernels.lanes - 1];
    if (problem.requantization == nullptr && padded == width) {
      return tile(layout.groups(), a, panel, &problem.c(m, n), problem.c.row_stride);
    }
    std::int32_t buffer[kInt8MostRows * kInt8MostVectors * 16];
    tile(layout.groups(), a, panel, buffer, padded);
    finish({buffer, height, padded, padded, 1}, m, n, width);
  }

  /// All panels for a block of A's rows.
  void run_block(parallel::Range block, parallel::Range panels, std::byte* scratch) const {
    const Int8Rows a = rows(block.begin, block.size(), scratch);
    const RowTiles tiles(block.size(), kernels.rows);
    for (int p = panels.begin; p < panels.end; ++p) {
      Int8Rows here = a;
      for (int i = 0, m = block.begin; i < tiles.count; ++i) {
        const int height = tiles.height(i);
        run_tile(here, m, height, p);
        here.data += height * here.stride;
        m += height;
      }
    }
  }

  /// A worker's panels of the product with a vector.
  void run_row(parallel::Range panels, std::byte* scratch) const {
    const Int8Rows a = rows(0, 1, scratch);
    const int NR = layout.format.columns;
    std::int32_t buffer[kInt8Panels * kInt8MostVectors * 16];
    for (int p = panels.begin; p < panels.end;) {
      if (p + kInt8Panels > panels.end || layout.width(p + kInt8Panels - 1) < NR) {
        run_tile(a, 0, 1, p++);
        continue;
      }
      const bool direct = problem.requantization == nullptr;
      std::int32_t* to = direct ? &problem.c(0, p * NR) : buffer;
      kernels.panels(layout.groups(), a.data, problem.b->data() + layout.offset(p), layout.offset(1), to);
      if (!direct) finish({buffer, 1, kInt8Panels * NR, kInt8Panels * NR, 1}, 0, p * NR, kInt8Panels * NR);
      p += kInt8Panels;
    }
  }
};

double rough_seconds(const Int8Problem& problem) {
  constexpr double kOperationsPerSecond = 8e10;
  constexpr double kBytesPerSecond = 3e10;
  const double weights = static_cast<double>(problem.b->rows()) * problem.b->columns();
  return std::max(2.0 * problem.a.rows * weights / kOperationsPerSecond, weights / kBytesPerSecond);
}

/// K = 0: all sums are zero.
void run_empty(const Int8Problem& problem) {
  for (int m = 0; m < problem.a.rows; ++m) {
    for (int n = 0; n < problem.b->columns(); ++n) store(problem, m, n, 0);
  }
}

}  // namespace

void fill_requantization(const Requantization& q, int zero_point, std::span<const std::int32_t> column_sums,
                         std::int32_t* offsets, float* scales) noexcept {
  for (std::size_t n = 0; n < column_sums.size(); ++n) {
    offsets[n] = offset_of(q, zero_point, column_sums[n], static_cast<int>(n));
    scales[n] = q.scale[q.scale.size() > 1 ? n : 0];
  }
}

std::size_t int8_scratch_bytes(const Int8Kernels& kernels, const Int8Problem& problem, int threads) {
  const Int8Plan plan(kernels, problem);
  return plan.shared_bytes() + plan.worker_bytes() * static_cast<std::size_t>(threads);
}

void run_int8(const Int8Kernels& kernels, const Int8Problem& problem, const Workspace& workspace) noexcept {
  const int M = problem.a.rows;
  const int N = problem.b->columns();
  if (M == 0 || N == 0) return;
  if (problem.a.columns == 0) return run_empty(problem);
  Int8Plan plan(kernels, problem);
  plan.fill_shared(workspace.scratch);
  std::byte* const own = workspace.scratch + plan.shared_bytes();
  const int workers = parallel::useful_workers(workspace.pool, workspace.threads, rough_seconds(problem));
  const int grid_rows = row_parts(workers, M, kernels.rows);
  const int grid_columns = workers / grid_rows;
  workspace.pool.run(workers, [&](int worker) {
    std::byte* scratch = own + plan.worker_bytes() * static_cast<std::size_t>(worker);
    const int grain = M == 1 ? kInt8Panels : 1;
    const auto panels = parallel::partition(plan.layout.panels(), grid_columns, worker % grid_columns, grain);
    if (M == 1) return plan.run_row(panels, scratch);
    const auto rows = parallel::partition(M, grid_rows, worker / grid_columns, kernels.rows);
    for (int m = rows.begin; m < rows.end; m += Int8Plan::kBlockRows) {
      plan.run_block({m, std::min(m + Int8Plan::kBlockRows, rows.end)}, panels, scratch);
    }
  });
}

void int8_naive(const Int8Problem& problem, const Workspace& workspace) noexcept {
  const auto* b = reinterpret_cast<const std::int8_t*>(problem.b->data());  // row by row
  const int N = problem.b->columns();
  const int K = problem.b->rows();
  for (int m = 0; m < problem.a.rows; ++m) {
    const std::uint8_t* row = problem.a.row(m);
    if (problem.rows != nullptr) {
      auto* made = reinterpret_cast<std::uint8_t*>(workspace.scratch);
      problem.rows->gather(problem.rows->source, m, 1, made, K);
      row = made;
    }
    for (int n = 0; n < N; ++n) {
      std::int32_t sum = 0;
      for (int k = 0; k < K; ++k) sum += std::int32_t{row[k]} * std::int32_t{b[static_cast<std::ptrdiff_t>(k) * N + n]};
      store(problem, m, n, sum);
    }
  }
}

}  // namespace optlab::gemm::detail

namespace optlab::gemm {

std::uint8_t requantize(std::int32_t sum, float scale, int zero_point, int low, int high) {
  constexpr std::int32_t kNothing = 0;
  std::uint8_t byte = 0;
  simd::ScalarDot::to_bytes(sum, &kNothing, &scale,
                            {static_cast<float>(zero_point), static_cast<float>(low), static_cast<float>(high)}, &byte);
  return byte;
}

}  // namespace optlab::gemm
