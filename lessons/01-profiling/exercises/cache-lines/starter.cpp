#include <optlab.h>

#include "exercise.h"

int lines_touched(const int* addresses, int count, int line_bytes, int* scratch) {
  // TODO: these are accesses. In which line is each of them, and how do you count equal ones once?
  return -1;
}

int direct_misses(const int* addresses, int count, int line_bytes, int sets, int* held) {
  // TODO: empty the cache: held must begin with something that is no line's number.
  // TODO: in which set may the line stand? Is it there? If not, that is a miss, and the set holds it from now on.
  return -1;
}

int lru_misses(const int* addresses, int count, int line_bytes, int sets, int ways, int* held) {
  // TODO: keep the ways of each set in the order of their last use. Which one goes?
  return -1;
}
