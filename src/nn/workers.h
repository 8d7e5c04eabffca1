#pragma once

#include "nn/compute.h"
#include "parallel/thread_pool.h"

/// How layers divide work among threads: by what is computed (rows), or by what is read and written (divide). Private to the library.
namespace optlab::nn::detail {

/// Calls body(worker, range of rows) on as many workers as `rows` rows of `flops` each are worth.
template <class Body>
void for_row_ranges(parallel::ThreadPool& pool, int rows, double flops, int grain, const Body& body) {
  constexpr double kFlopsPerSecond = 1e10;  // of what memory bounds
  const int workers = parallel::useful_workers(pool, pool.threads(), flops * rows / kFlopsPerSecond);
  pool.run(workers, [&](int worker) {
    const parallel::Range range = parallel::partition(rows, workers, worker, grain);
    if (range.size() > 0) body(worker, range);
  });
}

/// Calls body(row) for every row.
template <class Body>
void for_rows(parallel::ThreadPool& pool, int rows, double flops, const Body& body) {
  for_row_ranges(pool, rows, flops, 1, [&](int /*worker*/, parallel::Range range) {
    for (int row = range.begin; row < range.end; ++row) body(row);
  });
}

/// Calls body(range) for parts of [0, count), on as many workers as reading and writing `bytes` is worth. The parts begin
/// at multiples of `grain`.
template <class Body>
void divide(const Compute& compute, int count, int grain, double bytes, const Body& body) {
  constexpr double kBytesPerSecond = 2e10;  // from the last cache, one core of a Xeon
  parallel::ThreadPool& pool = compute.context.pool;
  const int workers = parallel::useful_workers(pool, compute.threads(), bytes / kBytesPerSecond);
  pool.run(workers, [&](int worker) {
    const parallel::Range range = parallel::partition(count, workers, worker, grain);
    if (range.size() > 0) body(range);
  });
}

/// The same for values of which each is computed by itself from `operands` others.
template <class Body>
void divide_values(const Compute& compute, std::size_t count, int operands, const Body& body) {
  constexpr int kLineFloats = 16;
  divide(compute, static_cast<int>(count), kLineFloats, 4.0 * static_cast<double>(count) * (operands + 1), body);
}

}  // namespace optlab::nn::detail
