#pragma once

#include <string>

/// What this CPU and this build can run.
namespace optlab::simd {

bool has_avx2();
bool has_avx2_fma();
bool has_neon();
bool has_wasm128();
bool has_wasm_relaxed();

/// The widest of them, as shown to people: "scalar", "avx2+fma", "neon+fma", "wasm128" or "wasm128+relaxed". The
/// environment variable OPTLAB_ISA=scalar (native) makes every has_… answer false, so that the scalar path can be
/// tested on any machine.
std::string isa_name();

}  // namespace optlab::simd
