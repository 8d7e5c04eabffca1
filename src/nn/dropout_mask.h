#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nn/layer.h"

namespace optlab::nn {

/// y = x·m/(1-p), m being 0 with probability p, else 1; for layers that drop elements out within their own operation.
///
/// Throws:   std::invalid_argument unless 0 <= p < 1.
/// Numerics: m is a pure function of (pass seed, pass step, stream, index), p in steps of 1/65536: the same on every
///           platform and for any number of threads.
/// Cost:     a byte an element; about 1 ns to draw one.
/// Source:   Srivastava et al., "Dropout", 2014.
class DropoutMask {
 public:
  explicit DropoutMask(float probability, std::uint32_t stream);

  std::uint32_t stream() const { return stream_; }
  bool drops() const { return threshold_ > 0; }
  /// Draws m for indices 0 to size - 1. Throws std::bad_alloc.
  void draw(std::size_t size, const Pass& pass);
  /// y[i] = x[i]·m[first + i]/(1-p) for i < count; y may be x.
  void apply(const float* x, std::size_t first, int count, float* y) const noexcept;
  /// y[i] = a[i] + x[i]·m[first + i]/(1-p)
  void add(const float* a, const float* x, std::size_t first, int count, float* y) const noexcept;

 private:
  std::uint32_t threshold_;  // of 65536
  float scale_;              // 1/(1-p)
  std::uint32_t stream_;
  std::vector<std::uint8_t> kept_;
};

}  // namespace optlab::nn
