#pragma once

#include <cstdint>

#include "simd/wasm128.h"

namespace optlab::simd {

/// See ScalarWiden for the contract.
template <class Policy>
struct Wasm128Widen {
  using Simd = Policy;
  struct Pair {
    v128_t low, high;
  };
  struct Nibbles {
    Pair first, second;
  };
  static Pair to_floats(v128_t words) {
    return {wasm_f32x4_convert_i32x4(wasm_i32x4_extend_low_i16x8(words)),
            wasm_f32x4_convert_i32x4(wasm_i32x4_extend_high_i16x8(words))};
  }
  static Pair load_i8(const std::int8_t* from) { return to_floats(wasm_i16x8_load8x8(from)); }
  static Nibbles load_i4(const std::uint8_t* from) {
    const v128_t bytes = wasm_u16x8_load8x8(from);
    const v128_t eight = wasm_i16x8_const_splat(8);
    const v128_t low = wasm_i16x8_sub(wasm_v128_and(bytes, wasm_i16x8_const_splat(15)), eight);
    return {to_floats(low), to_floats(wasm_i16x8_sub(wasm_u16x8_shr(bytes, 4), eight))};
  }
};

}  // namespace optlab::simd
