#pragma once

#include <string>

/// What this CPU and this build can run.
namespace optlab::simd {

bool has_avx2();
bool has_avx2_fma();
bool has_avx512();  // F, DQ, BW and VL, with FMA
bool has_avx512_vnni();
bool has_neon();
bool has_wasm128();
bool has_wasm_relaxed();

/// The widest of them, as shown to people: "scalar", "avx2+fma", "avx512+fma", "neon+fma", "wasm128" or
/// "wasm128+relaxed". The environment variable OPTLAB_ISA (native) takes instructions away, so that narrower paths can be
/// tested and compared on any machine: "scalar" all, "avx2" those of AVX-512.
std::string isa_name();

}  // namespace optlab::simd
