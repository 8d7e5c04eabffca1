#include <optlab.h>

#include "exercise.h"

static constexpr int kEmpty = -1;  // no line's number: 0 is one

int lines_touched(const int* addresses, int count, int line_bytes, int* scratch) {
  for (int i = 0; i < count; ++i) scratch[i] = addresses[i] / line_bytes;
  // In order, equal ones are neighbours.
  optlab::sort(scratch, count);
  int found = 0;
  for (int i = 0; i < count; ++i) found += i == 0 || scratch[i] != scratch[i - 1] ? 1 : 0;
  return found;
}

int direct_misses(const int* addresses, int count, int line_bytes, int sets, int* held) {
  return lru_misses(addresses, count, line_bytes, sets, 1, held);
}

int lru_misses(const int* addresses, int count, int line_bytes, int sets, int ways, int* held) {
  for (int i = 0; i < sets * ways; ++i) held[i] = kEmpty;
  int misses = 0;
  for (int i = 0; i < count; ++i) {
    const int line = addresses[i] / line_bytes;
    int* set = held + line % sets * ways;  // most recently used first
    int way = 0;
    while (way < ways - 1 && set[way] != line) ++way;
    if (set[way] != line) ++misses;
    // The line comes first. Those before its place move back by one; after a miss that place is the last, whose line is lost.
    for (; way > 0; --way) set[way] = set[way - 1];
    set[0] = line;
  }
  return misses;
}
