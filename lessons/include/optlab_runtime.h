// What compilers call by themselves and usually take from their runtime library. Included before every checked source.
#pragma once

/// a·b in 128 bits: how the checks see that a product of 64-bit integers overflows.
extern "C" __attribute__((weak, used, no_sanitize("all"))) inline __int128 __multi3(__int128 a, __int128 b) {
  using U64 = unsigned long long;
  const U64 a_low = static_cast<U64>(a), b_low = static_cast<U64>(b);
  const U64 a0 = a_low & 0xffffffff, a1 = a_low >> 32, b0 = b_low & 0xffffffff, b1 = b_low >> 32;
  const U64 middle = a1 * b0 + ((a0 * b0) >> 32);
  const U64 other = a0 * b1 + (middle & 0xffffffff);
  const U64 low = (other << 32) | (a0 * b0 & 0xffffffff);
  const U64 high =
      a1 * b1 + (middle >> 32) + (other >> 32) + static_cast<U64>(a >> 64) * b_low + a_low * static_cast<U64>(b >> 64);
  return static_cast<__int128>((static_cast<unsigned __int128>(high) << 64) | low);
}
