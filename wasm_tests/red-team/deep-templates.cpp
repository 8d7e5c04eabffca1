// attack: templates a thousand levels deep | refused | template instantiation exceeded
#include "exercise.h"

template <int n>
struct Deep {
  static constexpr int value = Deep<n - 1>::value + 1;
};
template <>
struct Deep<0> {
  static constexpr int value = 0;
};
constexpr int depth = Deep<1000>::value;
