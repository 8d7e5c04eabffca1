#include <bit>
#include <cstdint>

#include "attention/stored_kernels.h"

namespace optlab::attention {
namespace detail {
namespace {

/// core/float16.h without a branch, so that compilers take several at a time: the bits where float32 has them are 2^112 too
/// small, and infinities and NaNs need the exponent that says so.
float from_half(std::uint16_t number) {
  const std::uint32_t half = number;
  const std::uint32_t moved = (half & 0x8000U) << 16 | (half & 0x7FFFU) << 13;
  const auto bits = std::bit_cast<std::uint32_t>(std::bit_cast<float>(moved) * 0x1p112F);
  return std::bit_cast<float>(bits | ((half & 0x7C00U) == 0x7C00U ? 0x7F800000U : 0U));
}

const std::uint16_t* halves(const std::byte* numbers) { return reinterpret_cast<const std::uint16_t*>(numbers); }
const std::int8_t* bytes(const std::byte* numbers) { return reinterpret_cast<const std::int8_t*>(numbers); }

void expand_halves(const StoredKernels* kernels, const Stored& stored, const std::uint16_t* from, std::ptrdiff_t count,
                   float* to) {
  const std::ptrdiff_t whole = kernels != nullptr && stored.finite ? count / kStoredGrain * kStoredGrain : 0;
  if (whole > 0) kernels->half_expand(from, whole, to);
  for (std::ptrdiff_t i = whole; i < count; ++i) to[i] = from_half(from[i]);
}

}  // namespace

float stored_key(const Stored& stored, int size, int key, int g, int d) noexcept {
  const int lane = key % kPanelKeys;
  const std::ptrdiff_t at = g * stored.head_stride + std::ptrdiff_t{key - lane} * size + d * kPanelKeys + lane;
  if (stored.storage == Storage::kFloat16) return from_half(halves(stored.keys)[at]);
  return static_cast<float>(bytes(stored.keys)[at]) * stored.key_scales[g * stored.scale_stride + key];
}

float stored_value(const Stored& stored, int size, int key, int g, int d) noexcept {
  const std::ptrdiff_t at = g * stored.head_stride + std::ptrdiff_t{key} * size + d;
  if (stored.storage == Storage::kFloat16) return from_half(halves(stored.values)[at]);
  return static_cast<float>(bytes(stored.values)[at]) * stored.value_scales[g * stored.scale_stride + key];
}

void expand_keys(const StoredKernels* kernels, const Stored& stored, int size, int g, Span keys, float* to) noexcept {
  const std::ptrdiff_t panel = std::ptrdiff_t{kPanelKeys} * size;
  for (int s = keys.begin; s < keys.end; s += kPanelKeys, to += panel) {
    const std::ptrdiff_t at = g * stored.head_stride + std::ptrdiff_t{s} * size;
    if (stored.storage == Storage::kFloat16) {
      expand_halves(kernels, stored, halves(stored.keys) + at, panel, to);
      continue;
    }
    const std::int8_t* from = bytes(stored.keys) + at;
    const float* scales = stored.key_scales + g * stored.scale_stride + s;
    for (int d = 0; d < size; ++d) {
      for (int i = 0; i < kPanelKeys; ++i) {
        to[d * kPanelKeys + i] = static_cast<float>(from[d * kPanelKeys + i]) * scales[i];
      }
    }
  }
}

void expand_values(const StoredKernels* kernels, const Stored& stored, int size, int g, Span keys, float* to) noexcept {
  const std::ptrdiff_t at = g * stored.head_stride + std::ptrdiff_t{keys.begin} * size;
  if (stored.storage == Storage::kFloat16) {
    const std::ptrdiff_t count = std::ptrdiff_t{keys.end - keys.begin} * size;
    return expand_halves(kernels, stored, halves(stored.values) + at, count, to);
  }
  const std::int8_t* from = bytes(stored.values) + at;
  const float* scales = stored.value_scales + g * stored.scale_stride;
  for (int s = keys.begin; s < keys.end; ++s, from += size, to += size) {
    for (int d = 0; d < size; ++d) to[d] = static_cast<float>(from[d]) * scales[s];
  }
}

}  // namespace detail

void read_stored(const Stored& stored, int g, int token, std::span<float> key, std::span<float> value) {
  const auto size = static_cast<int>(key.size());
  for (int d = 0; d < size; ++d) key[static_cast<std::size_t>(d)] = detail::stored_key(stored, size, token, g, d);
  for (int d = 0; d < size; ++d) value[static_cast<std::size_t>(d)] = detail::stored_value(stored, size, token, g, d);
}

void expand_stored(const Stored& stored, int g, int tokens, int size, float* keys, float* values) {
  detail::expand_keys(nullptr, stored, size, g, {0, tokens}, keys);
  detail::expand_values(nullptr, stored, size, g, {0, tokens}, values);
}

}  // namespace optlab::attention
