#pragma once

#include <wasm_simd128.h>

namespace optlab::simd {

/// Four lanes of WebAssembly SIMD; see Scalar for the contract.
struct Wasm128 {
  static constexpr const char* kName = "wasm128";
  static constexpr int kLanes = 4;
  static constexpr int kRegisters = 16;  // what V8 and SpiderMonkey map v128 to on x86-64 (NEON has 32)
  // 12 sums, 2 vectors of columns, 1 of a row and 1 for the product fill the 16 registers; fused ones need none for the
  // product. Measured in cache, fused, one thread, Node 24 on a Xeon: 4×2 48, 5×2 54, 6×2 56, 3×3 52, 4×3 47 GFLOP/s.
  static constexpr int kTileRows = 6;
  static constexpr int kTileVectors = 2;
  static constexpr bool kFused = false;
  using F32 = v128_t;
  using I32 = v128_t;
  using Mask = v128_t;

  static F32 zero() { return wasm_f32x4_const_splat(0.0F); }
  static F32 broadcast(float value) { return wasm_f32x4_splat(value); }
  static F32 load_splat(const float* from) { return wasm_v128_load32_splat(from); }
  static F32 load(const float* from) { return wasm_v128_load(from); }
  static void store(float* to, F32 value) { wasm_v128_store(to, value); }
  static F32 load_first(const float* from, int count) {
    float lanes[kLanes] = {};
    for (int i = 0; i < count; ++i) lanes[i] = from[i];
    return load(lanes);
  }
  static void store_first(float* to, F32 value, int count) {
    float lanes[kLanes];
    store(lanes, value);
    for (int i = 0; i < count; ++i) to[i] = lanes[i];
  }
  static F32 add(F32 a, F32 b) { return wasm_f32x4_add(a, b); }
  static F32 sub(F32 a, F32 b) { return wasm_f32x4_sub(a, b); }
  static F32 mul(F32 a, F32 b) { return wasm_f32x4_mul(a, b); }
  static F32 div(F32 a, F32 b) { return wasm_f32x4_div(a, b); }
  static F32 sqrt(F32 a) { return wasm_f32x4_sqrt(a); }
  static F32 mul_add(F32 a, F32 b, F32 c) { return wasm_f32x4_add(wasm_f32x4_mul(a, b), c); }
  // pmax and pmin are the asymmetric comparisons of the contract; f32x4.max would propagate NaN. Their operands are
  // swapped: pmax(x, y) is x < y ? y : x.
  static F32 max(F32 a, F32 b) { return wasm_f32x4_pmax(b, a); }
  static F32 min(F32 a, F32 b) { return wasm_f32x4_pmin(b, a); }

  static float reduce_add(F32 a) {
    const F32 two = wasm_f32x4_add(a, wasm_i32x4_shuffle(a, a, 2, 3, 0, 1));
    return wasm_f32x4_extract_lane(two, 0) + wasm_f32x4_extract_lane(two, 1);
  }
  static float reduce_max(F32 a) {
    const F32 two = max(a, wasm_i32x4_shuffle(a, a, 2, 3, 0, 1));
    return wasm_f32x4_extract_lane(max(two, wasm_i32x4_shuffle(two, two, 1, 0, 3, 2)), 0);
  }

  static F32 abs(F32 a) { return wasm_f32x4_abs(a); }
  static F32 copy_sign(F32 magnitude, F32 sign) {
    return wasm_v128_bitselect(sign, magnitude, wasm_f32x4_const_splat(-0.0F));
  }
  static Mask less(F32 a, F32 b) { return wasm_f32x4_lt(a, b); }
  static Mask is_nan(F32 a) { return wasm_f32x4_ne(a, a); }
  static F32 select(Mask mask, F32 yes, F32 no) { return wasm_v128_bitselect(yes, no, mask); }
  static F32 swap_pairs(F32 a) { return wasm_i32x4_shuffle(a, a, 1, 0, 3, 2); }

  static I32 broadcast_int(int value) { return wasm_i32x4_splat(value); }
  // The sum with 1.5·2^23 has the integer in its low bits: two instructions, where i32x4.trunc_sat is five on x86-64.
  static I32 to_int(F32 a) {
    return wasm_i32x4_sub(wasm_f32x4_add(wasm_f32x4_trunc(a), wasm_f32x4_const_splat(0x1.8p23F)),
                          wasm_i32x4_const_splat(0x4B400000));
  }
  static F32 to_float(I32 a) { return wasm_f32x4_convert_i32x4(a); }
  static I32 add_int(I32 a, I32 b) { return wasm_i32x4_add(a, b); }
  static I32 sub_int(I32 a, I32 b) { return wasm_i32x4_sub(a, b); }
  template <int kBits>
  static I32 shift_left(I32 a) {
    return wasm_i32x4_shl(a, kBits);
  }
  template <int kBits>
  static I32 shift_right(I32 a) {
    return wasm_i32x4_shr(a, kBits);
  }
  static F32 from_bits(I32 bits) { return bits; }
};

#if defined(__wasm_relaxed_simd__)
/// Wasm128 with relaxed multiply-add, which most engines fuse and some don't: fast mode only.
struct WasmRelaxed : Wasm128 {
  static constexpr const char* kName = "wasm128+relaxed";
  static constexpr bool kFused = true;
  static F32 mul_add(F32 a, F32 b, F32 c) { return wasm_f32x4_relaxed_madd(a, b, c); }
};
#endif

}  // namespace optlab::simd
