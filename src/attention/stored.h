#pragma once

#include <cstddef>
#include <span>

namespace optlab::attention {

/// How a key or value is kept.
///   kFloat32: as it is.  kFloat16: the nearest half (core/float16.h).
///   kInt8:    x ≈ q·scale, q in -127..127 the nearest integer, ties to even; scale = max|x|/127 for each vector, that
///             is for each head and token. A vector with a NaN or an infinity reads back as NaN.
enum class Storage { kFloat32, kFloat16, kInt8 };

/// Keys and values in fewer bits than float32, as a cache holds them: keys [G, S, D] in panels (key_panels.h) and values
/// [G, S, D] of std::uint16_t or std::int8_t. What attention computes of them is what it would compute of their values
/// as float32.
struct Stored {
  Storage storage = Storage::kFloat32;  // then there is nothing here
  const std::byte* keys = nullptr;
  const std::byte* values = nullptr;
  std::ptrdiff_t head_stride = 0;  // of numbers
  /// Of kInt8: that of token s of head g is at g·scale_stride + s; whole panels can be read.
  const float* key_scales = nullptr;
  const float* value_scales = nullptr;
  std::ptrdiff_t scale_stride = 0;
  /// Of kFloat16: that no number is infinite or NaN. Numbers that may be are expanded before use.
  bool finite = false;
};

/// The key and value of a token of head g as floats, D each. Not for kFloat32.
void read_stored(const Stored& stored, int g, int token, std::span<float> key, std::span<float> value);
/// Those of its first `tokens` tokens: keys in panels, all of the last one, and values [tokens, D]; D is `size`.
void expand_stored(const Stored& stored, int g, int tokens, int size, float* keys, float* values);

}  // namespace optlab::attention
