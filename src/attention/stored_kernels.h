#pragma once

#include <cstdint>

#include "attention/attention_kernels.h"
#include "attention/stored.h"

/// What reads keys and values of fewer bits; private to this folder.
namespace optlab::attention::detail {

/// scores[i] = scale · (q · key i) for `panels` panels; key_scales belong to int8.
struct StoredScores {
  const float* q;
  const std::byte* keys;
  const float* key_scales;
  int panels;
  int size;  // D
  float scale;
  float* scores;
};

/// out += Σ p[i] · value i, serially over the `keys` >= 1 values; value_scales belong to int8.
struct StoredWeigh {
  const float* p;
  const std::byte* values;
  const float* value_scales;
  int keys;
  int size;  // D
  float* out;
};

/// One ISA's products of a single query and its conversion, instantiated from stored_micro_kernel.h: numbers become floats in registers. D is a
/// multiple of kStoredGrain; halves are finite, and queries of halves smaller than kMostQuery.
struct StoredKernels {
  void (*half_scores)(const StoredScores&) noexcept;
  void (*half_weigh)(const StoredWeigh&) noexcept;
  void (*int8_scores)(const StoredScores&) noexcept;
  void (*int8_weigh)(const StoredWeigh&) noexcept;
  /// to[i] = from[i] as floats, `count` finite halves; a multiple of kStoredGrain.
  void (*half_expand)(const std::uint16_t* from, std::ptrdiff_t count, float* to) noexcept;
};

inline constexpr int kStoredGrain = 16;
/// Times 2^112 it is finite still.
inline constexpr float kMostQuery = 0x1p15F;

/// The table of a target that widens; target.cpp instantiates it.
template <class Simd>
struct StoredKernelsOf {
  static const StoredKernels kTable;
};

/// One number of a key or value of head g.
float stored_key(const Stored& stored, int size, int key, int g, int d) noexcept;
float stored_value(const Stored& stored, int size, int key, int g, int d) noexcept;

/// Keys [begin, end) of head g as float32, the whole panels around them, to panels at `to`; begin is a panel's first.
/// Without kernels it is slower.
void expand_keys(const StoredKernels* kernels, const Stored& stored, int size, int g, Span keys, float* to) noexcept;
/// Their values to `to` [end - begin, D].
void expand_values(const StoredKernels* kernels, const Stored& stored, int size, int g, Span keys, float* to) noexcept;

}  // namespace optlab::attention::detail
