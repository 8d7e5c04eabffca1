#pragma once

#include <cstdint>

namespace optlab::profile {

/// What a computation does, counted: its arithmetic by kind, and the bytes that must be moved at least.
///
/// One FLOP is one operation on float32 numbers: +, −, ×, ÷, √, a comparison that a maximum makes, or a call of exp or
/// tanh (which takes a CPU longer than a +: the kinds are kept apart for that). A multiply-add is two. Not counted:
/// integer arithmetic, addresses, conversions, and constants that depend on the shape alone, such as 1/√D.
///
/// Bytes are compulsory traffic: each element of an operand that takes part is read once, each result written once, as
/// if a cache held all in between.
struct Work {
  std::int64_t additions = 0;  // and subtractions
  std::int64_t multiplications = 0;
  std::int64_t divisions = 0;
  std::int64_t roots = 0;
  std::int64_t comparisons = 0;
  std::int64_t functions = 0;  // exp, tanh
  std::int64_t bytes_read = 0;
  std::int64_t bytes_written = 0;

  std::int64_t flops() const { return additions + multiplications + divisions + roots + comparisons + functions; }
  std::int64_t bytes() const { return bytes_read + bytes_written; }
  /// Arithmetic intensity, FLOPs per byte; 0 if no byte is moved.
  double intensity() const { return bytes() > 0 ? static_cast<double>(flops()) / static_cast<double>(bytes()) : 0.0; }

  Work& operator+=(const Work& other);
  friend Work operator+(Work a, const Work& b) { return a += b; }
  /// The same done `times` times over, nothing shared.
  friend Work operator*(Work work, std::int64_t times);
  bool operator==(const Work&) const = default;
};

}  // namespace optlab::profile
