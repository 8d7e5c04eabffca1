#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

namespace optlab {

/// Bytes of a cache line on every CPU we run on; also enough for any vector load.
inline constexpr std::size_t kCacheLine = 64;

/// `count` zeroed elements, aligned to a cache line and owned. Throws std::bad_alloc.
template <class T>
class AlignedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t count)
      : data_(count == 0 ? nullptr : static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{kCacheLine}))),
        size_(count) {
    std::fill_n(data_.get(), count, T{});
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::span<T> span() { return {data(), size_}; }
  std::span<const T> span() const { return {data(), size_}; }

 private:
  struct Free {
    void operator()(T* data) const { ::operator delete (data, std::align_val_t{kCacheLine}); }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace optlab
