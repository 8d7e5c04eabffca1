#pragma once

#include <wasm_simd128.h>

#include <cstdint>

#include "simd/dot.h"

namespace optlab::simd {

/// Four columns, two values of k, operands of 16 bits; see ScalarDot for the contract.
struct Wasm128Dot16 {
  static constexpr const char* kName = "wasm128 int8 wide";
  // The probe has ten sums, whatever the CPU: every choice would be downloaded.
  static constexpr int kTileRows = 6;
  static constexpr int kTileVectors = 2;
  static constexpr int kProbeVectors[] = {5, 5, 5};
  static constexpr int kActivationBits = 8;
  static constexpr int kGroup = 2;
  static constexpr int kLanes = 4;
  using A = std::int16_t;
  using B = std::int16_t;
  using Group = v128_t;
  using Weights = v128_t;
  using Sum = v128_t;

  struct Constants {};
  static Constants constants() { return {}; }
  static Sum zero() { return wasm_i32x4_const_splat(0); }
  static Group load_splat(const A* from) { return wasm_v128_load32_splat(from); }
  static Weights load(const B* from) { return wasm_v128_load(from); }
  static Sum dot(Sum sum, Group a, Weights b, Constants /*constants*/) {
    return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(a, b));
  }
  static void store(std::int32_t* to, Sum sum) { wasm_v128_store(to, sum); }
  static Sum multiply_add(Sum sum, const std::uint8_t* a, const std::int16_t* w) {
    const v128_t left = wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(a));
    return wasm_i32x4_add(sum, wasm_i32x4_extmul_low_i16x8(left, wasm_v128_load64_zero(w)));
  }
  static Sum load_sums(const std::int32_t* from) { return wasm_v128_load(from); }
  static void to_bytes(Sum sum, const std::int32_t* offsets, const float* scales, const ByteRange& range,
                       std::uint8_t* to) {
    v128_t value = wasm_f32x4_convert_i32x4(wasm_i32x4_add(sum, load_sums(offsets)));
    value = wasm_f32x4_add(wasm_f32x4_mul(value, wasm_v128_load(scales)), wasm_f32x4_splat(range.zero_point));
    value = wasm_f32x4_pmax(wasm_f32x4_splat(range.low), wasm_f32x4_pmin(wasm_f32x4_splat(range.high), value));
    const v128_t shifted = wasm_f32x4_add(value, wasm_f32x4_splat(kRoundingShift));
    const v128_t bytes = wasm_v128_and(shifted, wasm_i32x4_splat(255));
    const v128_t words = wasm_u16x8_narrow_i32x4(bytes, bytes);
    wasm_v128_store32_lane(to, wasm_u8x16_narrow_i16x8(words, words), 0);
  }
};

#if defined(__wasm_relaxed_simd__)
/// Sixteen-bit ones, in another file, so that the compiler doesn't know them: V8 builds a constant anew wherever it is
/// used, in the inner loop too (Node 24 on a Xeon, 512³: 73 GOP/s with a constant, 102 with a value loaded before the
/// loop).
extern const std::int16_t kOnes[8];

/// Four columns, four values of k, seven-bit activations: dot in pairs, pairs added, sum added.
struct WasmRelaxedDot {
  static constexpr const char* kName = "wasm128+relaxed int8 dot";
  // 10 sums, 2 vectors of B, 1 of A, 1 for the products and the ones: 15 of 16 registers.
  static constexpr int kTileRows = 5;
  static constexpr int kTileVectors = 2;
  static constexpr int kProbeVectors[] = {5, 5, 5};
  static constexpr int kActivationBits = 7;
  static constexpr int kGroup = 4;
  static constexpr int kLanes = 4;
  using A = std::uint8_t;
  using B = std::int8_t;
  using Group = v128_t;
  using Weights = v128_t;
  using Sum = v128_t;

  using Constants = v128_t;  // ones
  static Constants constants() { return wasm_v128_load(kOnes); }
  static Sum zero() { return wasm_i32x4_const_splat(0); }
  static Group load_splat(const A* from) { return wasm_v128_load32_splat(from); }
  static Weights load(const B* from) { return wasm_v128_load(from); }
  static Sum dot(Sum sum, Group a, Weights b, Constants ones) {
    const v128_t pairs = wasm_i16x8_relaxed_dot_i8x16_i7x16(b, a);
    return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(pairs, ones));
  }
  static void store(std::int32_t* to, Sum sum) { wasm_v128_store(to, sum); }
  static Sum multiply_add(Sum sum, const std::uint8_t* a, const std::int16_t* w) {
    return Wasm128Dot16::multiply_add(sum, a, w);
  }
  static Sum load_sums(const std::int32_t* from) { return wasm_v128_load(from); }
  static void to_bytes(Sum sum, const std::int32_t* offsets, const float* scales, const ByteRange& range,
                       std::uint8_t* to) {
    Wasm128Dot16::to_bytes(sum, offsets, scales, range, to);
  }
};

/// The same in one instruction. V8 compiles it to one of the CPU's (VNNI) where there is one; elsewhere to more than the
/// three above, half as fast. Which it is can only be measured (gemm::best_int8).
struct WasmRelaxedDotAdd : WasmRelaxedDot {
  static constexpr const char* kName = "wasm128+relaxed int8 fused";
  // One instruction needs no products and no ones: 12 sums, 2 vectors of B and 1 of A.
  static constexpr int kTileRows = 6;
  struct Constants {};
  static Constants constants() { return {}; }
  static Sum dot(Sum sum, Group a, Weights b, Constants /*constants*/) {
    return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(b, a, sum);
  }
};
#endif

}  // namespace optlab::simd
