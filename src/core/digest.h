#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>

namespace optlab {

/// A 64-bit fingerprint of results: equal digests natively, in Node and in a browser prove bit-identical computation.
/// Every NaN counts as the same NaN, since IEEE 754 leaves its payload open; -0 and +0 differ. Not cryptographic.
class Digest {
 public:
  void add(std::uint32_t word) {
    state_ =
        (state_ ^ word) * 0x9E3779B97F4A7C15ULL;  // bijective in the state: one changed word always changes the digest
    state_ ^= state_ >> 32;
  }
  void add(float value) { add(value != value ? 0x7FC00000U : std::bit_cast<std::uint32_t>(value)); }
  void add(std::span<const float> values) {
    for (float value : values) add(value);
  }
  void add(std::span<const std::int32_t> values) {
    for (std::int32_t value : values) add(static_cast<std::uint32_t>(value));
  }
  void add(std::span<const std::uint8_t> bytes) {
    for (std::uint8_t byte : bytes) add(std::uint32_t{byte});
  }

  std::uint64_t value() const { return state_; }
  /// The value in sixteen lower-case hexadecimal digits.
  std::string hex() const;

 private:
  std::uint64_t state_ = 0xCBF29CE484222325ULL;
};

}  // namespace optlab
