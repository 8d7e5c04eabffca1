#include "gemm/gemm_schedule.h"

namespace optlab::gemm::detail {

int row_parts(int workers, int M, int tile_rows) {
  int parts = workers;
  while (parts > 1 && (workers % parts != 0 || M < 2 * parts * tile_rows)) --parts;
  return parts;
}

}  // namespace optlab::gemm::detail
