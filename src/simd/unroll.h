#pragma once

#include <utility>

namespace optlab::simd {

/// An index that is a constant to the compiler and an int to the reader.
template <int value>
struct Index {
  constexpr operator int() const { return value; }  // NOLINT: implicit on purpose
};

/// body(0), body(1), … body(kCount - 1), written out at compile time: an array that only such indices touch lives in
/// registers, which a loop that the optimizer unrolls too late for doesn't guarantee.
template <int kCount, class Body>
[[gnu::always_inline]] constexpr void unroll(Body&& body) {
  [&]<int... index>(std::integer_sequence<int, index...>) __attribute__((always_inline)) {
    (body(Index<index>{}), ...);
  }
  (std::make_integer_sequence<int, kCount>{});
}

}  // namespace optlab::simd
