#pragma once

#include "gemm/gemm.h"

/// How products are divided, for f32 and for integers alike; private to this folder.
namespace optlab::gemm::detail {

/// How many of `workers` share the rows of C; the others share its columns. Sharing rows comes first: it reads every
/// row of A once.
int row_parts(int workers, int M, int tile_rows);

/// So many rows as tiles of at most `most`, evenly: 7 are 4 and 3, since a tile of one row has too few sums to hide the
/// latency of an addition.
struct RowTiles {
  RowTiles(int rows, int most) : count((rows + most - 1) / most), least(rows / count), taller(rows % count) {}
  int height(int i) const { return least + (i < taller ? 1 : 0); }

  int count;
  int least;
  int taller;  // so many tiles, the first, have a row more
};

}  // namespace optlab::gemm::detail
