#pragma once

#include <cstdint>

#include "simd/traits.h"
#include "simd/wasm128.h"

namespace optlab::simd {

/// See ScalarWiden for the contract.
template <class Policy>
struct Wasm128Widen {
  using Simd = Policy;
  static constexpr int kPanels = 2;
  static constexpr int kBytePanels = 1;
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
  static v128_t moved_halves(const std::uint16_t* from) {
    const v128_t bits = wasm_i32x4_shl(wasm_i32x4_load16x4(from), 13);  // the sign is in bits 28 to 31
    return wasm_v128_and(bits, wasm_i32x4_const_splat(static_cast<std::int32_t>(0x8FFFE000U)));
  }
  static Pair load_half(const std::uint16_t* from) { return {moved_halves(from), moved_halves(from + 4)}; }
};

template <>
struct WidenOf<Wasm128> {
  using Type = Wasm128Widen<Wasm128>;
};
#if defined(__wasm_relaxed_simd__)
template <>
struct WidenOf<WasmRelaxed> {
  using Type = Wasm128Widen<WasmRelaxed>;
};
#endif

}  // namespace optlab::simd
