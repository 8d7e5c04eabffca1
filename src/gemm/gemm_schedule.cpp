#include "gemm/gemm_schedule.h"

#include <algorithm>

namespace optlab::gemm::detail {

// Measured on a 2-core Xeon: starting workers that still spin takes 0.8 µs, waking one that sleeps 95 µs. So a product
// that is shorter is begun alone, and wakes the workers for the next one. A longer one must not do that: by its end they
// would be asleep again, and no chain of products would ever run on all cores.
int useful_workers(double seconds, const Workspace& workspace) {
  constexpr double kSecondsPerWorker = 2.5e-6;
  constexpr double kSecondsWorthWaking = 60e-6;
  const int most = std::min(workspace.threads, workspace.pool.threads());
  const int workers = static_cast<int>(std::clamp(seconds / kSecondsPerWorker, 1.0, static_cast<double>(most)));
  if (workers == 1 || seconds >= kSecondsWorthWaking || workspace.pool.awake(workers)) return workers;
  workspace.pool.rouse(workers);
  return 1;
}

int row_parts(int workers, int M, int tile_rows) {
  int parts = workers;
  while (parts > 1 && (workers % parts != 0 || M < 2 * parts * tile_rows)) --parts;
  return parts;
}

}  // namespace optlab::gemm::detail
