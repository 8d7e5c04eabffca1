// What a kernel may use besides the language, the freestanding headers of C and <wasm_simd128.h>. There is no standard library: no
// allocation, no input or output, no exceptions.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Stops the run with a trap if `condition` is false; the page shows the line.
#define assert(condition) ((condition) ? (void)0 : __builtin_trap())

/// So that loops the compiler recognizes as these have something to call.
extern "C" {
inline void* memset(void* to, int value, size_t bytes) { return __builtin_memset(to, value, bytes); }
inline void* memcpy(void* to, const void* from, size_t bytes) { return __builtin_memcpy(to, from, bytes); }
inline void* memmove(void* to, const void* from, size_t bytes) { return __builtin_memmove(to, from, bytes); }
}

namespace optlab {

template <typename T>
constexpr T min(T a, T b) {
  return b < a ? b : a;
}
template <typename T>
constexpr T max(T a, T b) {
  return a < b ? b : a;
}
template <typename T>
constexpr T clamp(T value, T low, T high) {
  return value < low ? low : high < value ? high : value;
}
template <typename T>
constexpr void swap(T& a, T& b) {
  T kept = a;
  a = b;
  b = kept;
}

/// `count` values one after the other. Indexing beyond them stops the run.
template <typename T>
class Span {
 public:
  constexpr Span(T* data, int count) : data_(data), count_(count) {}
  constexpr T& operator[](int index) const {
    if (index < 0 || index >= count_) __builtin_trap();
    return data_[index];
  }
  constexpr int size() const { return count_; }
  constexpr T* begin() const { return data_; }
  constexpr T* end() const { return data_ + count_; }

 private:
  T* data_;
  int count_;
};

/// Sorts ascending, in place: heapsort, O(n log n). NaN has no place in an order.
template <typename T>
constexpr void sort(T* values, int count) {
  auto sink = [values](int root, int end) {
    for (int child = 2 * root + 1; child < end; root = child, child = 2 * root + 1) {
      if (child + 1 < end && values[child] < values[child + 1]) ++child;
      if (!(values[root] < values[child])) return;
      swap(values[root], values[child]);
    }
  };
  for (int root = count / 2 - 1; root >= 0; --root) sink(root, count);
  for (int end = count - 1; end > 0; --end) {
    swap(values[0], values[end]);
    sink(0, end);
  }
}

}  // namespace optlab

inline float sqrtf(float x) { return __builtin_sqrtf(x); }
inline double sqrt(double x) { return __builtin_sqrt(x); }
inline float fabsf(float x) { return __builtin_fabsf(x); }
inline double fabs(double x) { return __builtin_fabs(x); }
inline float floorf(float x) { return __builtin_floorf(x); }
inline double floor(double x) { return __builtin_floor(x); }
inline float ceilf(float x) { return __builtin_ceilf(x); }
inline double ceil(double x) { return __builtin_ceil(x); }
/// To the nearest whole number, halves to the even one.
inline float nearbyintf(float x) { return __builtin_nearbyintf(x); }

/// e^x, within 2 units in the last place; 0 below -87.3 (no subnormal results), +inf above 88.7.
/// S. Moshier, Cephes mathematical library, single precision, 1992.
inline float expf(float x) {
  if (!(x >= -87.3f)) return x != x ? x : 0.0f;
  if (x > 88.72283f) return __builtin_inff();
  const float whole = __builtin_floorf(1.44269504088896341f * x + 0.5f);
  const float r = x - whole * 0.693359375f + whole * 2.12194440e-4f;
  float sum = 1.9875691500e-4f;
  sum = sum * r + 1.3981999507e-3f;
  sum = sum * r + 8.3334519073e-3f;
  sum = sum * r + 4.1665795894e-2f;
  sum = sum * r + 1.6666665459e-1f;
  sum = sum * r + 5.0000001201e-1f;
  // 2^whole in two factors: one alone would overflow for 128.
  const int n = static_cast<int>(whole);
  const float half = __builtin_bit_cast(float, (n / 2 + 127) << 23);
  const float rest = __builtin_bit_cast(float, (n - n / 2 + 127) << 23);
  return (sum * r * r + r + 1.0f) * half * rest;
}

/// The names that C++ programmers expect.
namespace std {
using ::int16_t;
using ::int32_t;
using ::int64_t;
using ::int8_t;
using ::ptrdiff_t;
using ::size_t;
using ::uint16_t;
using ::uint32_t;
using ::uint64_t;
using ::uint8_t;
using optlab::clamp;
using optlab::max;
using optlab::min;
using optlab::sort;
using optlab::swap;
inline float sqrt(float x) { return __builtin_sqrtf(x); }
inline double sqrt(double x) { return __builtin_sqrt(x); }
inline float abs(float x) { return __builtin_fabsf(x); }
inline double abs(double x) { return __builtin_fabs(x); }
inline int abs(int x) { return x < 0 ? -x : x; }
inline float exp(float x) { return expf(x); }
}  // namespace std
