#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

#include "core/memory.h"

namespace optlab {

/// Bytes of a cache line on every CPU we run on; also enough for any vector load.
inline constexpr std::size_t kCacheLine = 64;

/// `count` zeroed elements, aligned to a cache line and owned; core/memory.h counts them. Throws std::bad_alloc.
template <class T>
class AlignedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t count)
      : data_(count == 0 ? nullptr : static_cast<T*>(memory::allocate(count, sizeof(T))), Free{count}) {
    std::fill_n(data_.get(), count, T{});
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::size_t size() const { return data_ == nullptr ? 0 : data_.get_deleter().count; }
  std::span<T> span() { return {data(), size()}; }
  std::span<const T> span() const { return {data(), size()}; }

 private:
  struct Free {
    std::size_t count = 0;
    void operator()(T* data) const { memory::release(data, count, sizeof(T)); }
  };
  std::unique_ptr<T, Free> data_;
};

}  // namespace optlab
