#pragma once

#include <cstddef>

#include "core/buffer.h"

namespace optlab {

/// Scratch memory for kernels, which never allocate. The caller reserves it before the call, outside the hot path; the
/// high-water mark is the most that a run needed.
class Arena {
 public:
  /// Makes at least `bytes` available; keeps the present memory if it suffices. Invalidates earlier pointers. Throws
  /// std::bad_alloc.
  void reserve(std::size_t bytes) {
    if (bytes > buffer_.size()) buffer_ = AlignedBuffer<std::byte>(bytes);
    if (bytes > high_water_) high_water_ = bytes;
  }

  std::byte* data() { return buffer_.data(); }
  std::size_t capacity() const { return buffer_.size(); }
  /// The largest reservation so far, in bytes.
  std::size_t high_water() const { return high_water_; }

 private:
  AlignedBuffer<std::byte> buffer_;
  std::size_t high_water_ = 0;
};

}  // namespace optlab
