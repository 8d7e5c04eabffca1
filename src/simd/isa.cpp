#include "simd/isa.h"

#include <cstdlib>
#include <cstring>

namespace optlab::simd {
namespace {

[[maybe_unused]] bool forced(const char* isa) {
  static const char* const wanted = std::getenv("OPTLAB_ISA");
  return wanted != nullptr && std::strcmp(wanted, isa) == 0;
}

}  // namespace

#if defined(__x86_64__)
bool has_avx2() { return !forced("scalar") && __builtin_cpu_supports("avx2") != 0; }
bool has_avx2_fma() { return has_avx2() && __builtin_cpu_supports("fma") != 0; }
bool has_avx512() {
  return has_avx2_fma() && !forced("avx2") && __builtin_cpu_supports("avx512f") != 0 &&
         __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0;
}
bool has_avx512_vnni() { return has_avx512() && __builtin_cpu_supports("avx512vnni") != 0; }
#else
bool has_avx2() { return false; }
bool has_avx2_fma() { return false; }
bool has_avx512() { return false; }
bool has_avx512_vnni() { return false; }
#endif

#if defined(__aarch64__)
bool has_neon() { return !forced("scalar"); }
#else
bool has_neon() { return false; }
#endif

// A WebAssembly module with an instruction that the engine lacks doesn't load at all, so what was compiled in is there.
#if defined(__wasm_simd128__)
bool has_wasm128() { return true; }
#else
bool has_wasm128() { return false; }
#endif

#if defined(__wasm_relaxed_simd__)
bool has_wasm_relaxed() { return true; }
#else
bool has_wasm_relaxed() { return false; }
#endif

std::string isa_name() {
  if (has_avx512()) return "avx512+fma";
  if (has_avx2_fma()) return "avx2+fma";
  if (has_avx2()) return "avx2";
  if (has_neon()) return "neon+fma";
  if (has_wasm_relaxed()) return "wasm128+relaxed";
  if (has_wasm128()) return "wasm128";
  return "scalar";
}

}  // namespace optlab::simd
