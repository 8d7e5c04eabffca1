#include <concepts>

#include "core/ladder.h"
#include "gemm/int8_rows.h"

namespace optlab::gemm {

// Rows of their own as WebAssembly, so that a module which asks for no other rung holds no other (11 KB).
const Int8Variant& best_seven_bits(int threads) {
#if defined(__wasm__)
  static const Ladder<Int8Variant> kVariants = [] {
    Ladder<Int8Variant> rows;
    simd::for_each_dot_target([&]<class Dot>(const simd::DotTarget& target) {
      // Where there are relaxed instructions, those of 16-bit words are the slower ones.
      if constexpr (simd::kHasFused && std::same_as<Dot, simd::Wasm128Dot16>) return;
      for (const bool threaded : {false, true}) rows.add(detail::int8_row<Dot>(target, threaded));
    });
    return rows;
  }();
  return last_row(std::span<const Int8Variant>(kVariants), threads, [&](const Int8Variant& row) {
    return !row.name.starts_with("int8_fused") || detail::int8_fused_pays();
  });
#else
  return best_int8(7, threads);
#endif
}

}  // namespace optlab::gemm
