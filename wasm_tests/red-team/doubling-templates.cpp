// attack: template instantiations that double at every level | refused | longer than|broke|memory|depth
#include "exercise.h"

template <int n, int m>
struct Twice {
  static constexpr int value = Twice<n - 1, 2 * m>::value + Twice<n - 1, 2 * m + 1>::value;
};
template <int m>
struct Twice<0, m> {
  static constexpr int value = 1;
};
constexpr int count = Twice<28, 1>::value;
