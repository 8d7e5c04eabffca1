#pragma once

#include <string_view>

#include "core/ladder.h"
#include "simd/isa.h"

/// The list of targets: the instruction sets that this build has kernels for, each with the policies that use it.
///
/// A module's target.cpp is compiled once for each target, with its flags (cmake/optlab_module.cmake), and instantiates the
/// module's tables of kernels over the target's policies (simd/this_target.h). All other files know policies by name
/// only, and iterate this list.
namespace optlab::simd {

// The policies; Scalar (simd/scalar.h) has their contract, ScalarDot (simd/dot.h) that of integer products.
struct Scalar;
struct Avx2;
struct Avx2Fma;
struct Avx512;
struct Avx512Fma;
struct Neon;
struct NeonFma;
struct Wasm128;
struct WasmRelaxed;
struct ScalarDot;
struct Avx2Dot16;
struct Avx2Dot;
struct Avx512Dot;
struct NeonDot16;
struct NeonDot;
struct Wasm128Dot16;
struct WasmRelaxedDot;
struct WasmRelaxedDotAdd;

/// What a ladder's variants of one target have in common.
struct Target {
  std::string_view isa;       // the policy's name, "avx2+fma"
  std::string_view name;      // of the variant with one thread, "fma"
  std::string_view threaded;  // of the variant with threads, "fma_threads"
  bool fused;                 // multiply-add rounds once, so its variants are of fast mode
  bool wide;                  // sixteen lanes and 32 registers
  bool (*supported)();

  constexpr Mode mode() const { return fused ? Mode::kFast : Mode::kExact; }
};

/// The same of an integer product, whose targets differ in the mix of instructions too.
struct DotTarget {
  std::string_view isa;
  std::string_view name;  // "int8_dot"
  std::string_view threaded;
  std::string_view idea;
  bool (*supported)();
};

/// Whether `Simd` rounds a multiply-add once.
template <class Simd>
inline constexpr bool kFused = false;
template <>
inline constexpr bool kFused<Avx2Fma> = true;
template <>
inline constexpr bool kFused<Avx512Fma> = true;
template <>
inline constexpr bool kFused<NeonFma> = true;
template <>
inline constexpr bool kFused<WasmRelaxed> = true;

/// The policy with the same rounding whose kernels serve where `Simd` has none of its own (simd/widen.h).
template <class Simd>
struct NarrowerOf {
  using Type = Simd;
};
template <>
struct NarrowerOf<Avx512> {
  using Type = Avx2;
};
template <>
struct NarrowerOf<Avx512Fma> {
  using Type = Avx2Fma;
};

/// Whether a ladder has variants of the scalar target. As WebAssembly every build has vectors, and a download has a size.
#if defined(__wasm__)
inline constexpr bool kHasScalar = false;
#else
inline constexpr bool kHasScalar = true;
#endif

/// Whether a target of this build fuses.
#if defined(__wasm__) && !defined(__wasm_relaxed_simd__)
inline constexpr bool kHasFused = false;
#else
inline constexpr bool kHasFused = true;
#endif

/// Calls visit.operator()<Policy>(target) for each target with vectors, narrowest first. In a build with relaxed SIMD the
/// including file must be RELAXED_AWARE.
template <class Visit>
constexpr void for_each_target(const Visit& visit) {
#if defined(__x86_64__)
  visit.template operator()<Avx2>(Target{"avx2", "simd", "simd_threads", false, false, has_avx2});
  visit.template operator()<Avx2Fma>(Target{"avx2+fma", "fma", "fma_threads", true, false, has_avx2_fma});
  visit.template operator()<Avx512>(Target{"avx512", "avx512", "avx512_threads", false, true, has_avx512});
  visit.template operator()<Avx512Fma>(Target{"avx512+fma", "fma512", "fma512_threads", true, true, has_avx512});
#elif defined(__aarch64__)
  visit.template operator()<Neon>(Target{"neon", "simd", "simd_threads", false, false, has_neon});
  visit.template operator()<NeonFma>(Target{"neon+fma", "fma", "fma_threads", true, false, has_neon});
#elif defined(__wasm_simd128__)
  visit.template operator()<Wasm128>(Target{"wasm128", "simd", "simd_threads", false, false, has_wasm128});
#if defined(__wasm_relaxed_simd__)
  visit.template operator()<WasmRelaxed>(
      Target{"wasm128+relaxed", "relaxed", "relaxed_threads", true, false, has_wasm_relaxed});
#endif
#endif
}

/// The same for those whose multiply-add rounds twice.
template <class Visit>
constexpr void for_each_exact_target(const Visit& visit) {
  for_each_target([&]<class Simd>(const Target& target) {
    if constexpr (!kFused<Simd>) visit.template operator()<Simd>(target);
  });
}

/// The table of the widest exact target that this CPU has: table.operator()<Policy>() of it.
template <class Table, class TableOf>
const Table& widest_exact(const TableOf& table_of) {
  const Table* widest = nullptr;
  if constexpr (kHasScalar) widest = &table_of.template operator()<Scalar>();
  for_each_exact_target([&]<class Simd>(const Target& target) {
    if (!kHasScalar || target.supported()) widest = &table_of.template operator()<Simd>();
  });
  return *widest;
}

/// As for_each_target, for the integer products.
template <class Visit>
constexpr void for_each_dot_target(const Visit& visit) {
  [[maybe_unused]] constexpr std::string_view kWide = "products of 16-bit words, added in pairs: eight bits by eight";
  [[maybe_unused]] constexpr std::string_view kDot =
      "four products of bytes a column and step: activations of seven bits";
#if defined(__x86_64__)
  visit.template operator()<Avx2Dot16>(DotTarget{"avx2", "int8_wide", "int8_wide_threads", kWide, has_avx2});
  visit.template operator()<Avx2Dot>(DotTarget{"avx2", "int8_dot", "int8_dot_threads", kDot, has_avx2});
  visit.template operator()<Avx512Dot>(DotTarget{"avx512+vnni", "int8_vnni", "int8_vnni_threads",
                                                 "four products of bytes added in one instruction", has_avx512_vnni});
#elif defined(__aarch64__)
  visit.template operator()<NeonDot16>(DotTarget{"neon", "int8_wide", "int8_wide_threads", kWide, has_neon});
  visit.template operator()<NeonDot>(DotTarget{"neon", "int8_dot", "int8_dot_threads", kDot, has_neon});
#elif defined(__wasm_simd128__)
  visit.template operator()<Wasm128Dot16>(DotTarget{"wasm128", "int8_wide", "int8_wide_threads", kWide, has_wasm128});
#if defined(__wasm_relaxed_simd__)
  visit.template operator()<WasmRelaxedDot>(
      DotTarget{"wasm128+relaxed", "int8_dot", "int8_dot_threads", kDot, has_wasm_relaxed});
  visit.template operator()<WasmRelaxedDotAdd>(DotTarget{"wasm128+relaxed", "int8_fused", "int8_fused_threads",
                                                         "dot and addition in one instruction, where the CPU has one",
                                                         has_wasm_relaxed});
#endif
#endif
}

/// What a ladder says of its variants with vectors, by kind of target.
struct Ideas {
  std::string_view simd;
  std::string_view wide;
  std::string_view threads;
  std::string_view fused;
  std::string_view fused_threads;
};

/// The row of a target's variant, with one thread or with threads.
constexpr Row row_of(const Target& target, bool threaded, const Ideas& ideas) {
  const std::string_view alone = target.fused ? ideas.fused : target.wide ? ideas.wide : ideas.simd;
  const std::string_view together = target.fused ? ideas.fused_threads : ideas.threads;
  return {threaded ? target.threaded : target.name,
          threaded ? together : alone,
          target.isa,
          target.mode(),
          threaded,
          target.supported};
}

}  // namespace optlab::simd
