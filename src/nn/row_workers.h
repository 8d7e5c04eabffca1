#pragma once

#include "parallel/thread_pool.h"

/// How the layers of this folder divide work among threads; private to it.
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

}  // namespace optlab::nn::detail
