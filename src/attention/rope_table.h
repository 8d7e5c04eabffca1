#pragma once

#include "core/buffer.h"

namespace optlab::attention {

/// Cosines and sines of rotary positions: pair i of position p turns by the angle p · base^(-2i/D).
///
/// Layout:   [positions, D] each; both elements of a pair have its cosine, and its sine with the sign it takes:
///           y[2i] = x[2i]·cos + x[2i+1]·(-sin), y[2i+1] = x[2i+1]·cos + x[2i]·sin.
/// Throws:   std::invalid_argument unless 0 <= positions <= 8192 (math::sin's range), D is even and >= 2, and base > 1;
///           std::bad_alloc.
/// Numerics: float32 throughout, by core/math.h: the same bits everywhere. The angle itself is rounded, so that far
///           positions turn by an angle that is off by up to p·2⁻²⁴, as usual.
/// Cost:     8 · positions · D bytes.
class RopeTable {
 public:
  RopeTable() = default;
  RopeTable(int positions, int size, float base = 10000.0F);

  int positions() const { return positions_; }
  int size() const { return size_; }
  const float* cosines(int position) const { return cosines_.data() + static_cast<std::ptrdiff_t>(position) * size_; }
  const float* sines(int position) const { return sines_.data() + static_cast<std::ptrdiff_t>(position) * size_; }
  std::size_t bytes() const { return (cosines_.size() + sines_.size()) * sizeof(float); }

 private:
  int positions_ = 0;
  int size_ = 0;
  AlignedBuffer<float> cosines_;
  AlignedBuffer<float> sines_;
};

}  // namespace optlab::attention
