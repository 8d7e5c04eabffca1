// attack: a constant that takes for ever to compute | refused | constant expression|longer than
#include "exercise.h"

constexpr int endless() {
  int sum = 0;
  for (long i = 0; i < 1000000000000; ++i) sum ^= static_cast<int>(i);
  return sum;
}
constexpr int value = endless();
