#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

/// Operands as peers/random.ts makes them.
namespace optlab::peers {

/// Memory aligned to a cache line.
template <class T>
class Values {
 public:
  explicit Values(std::size_t count) : count_(count) {
    void* memory = std::aligned_alloc(64, (count * sizeof(T) + 63) / 64 * 64);
    if (memory == nullptr) throw std::bad_alloc();
    data_.reset(static_cast<T*>(memory));
  }
  T* get() const { return data_.get(); }
  T* begin() const { return get(); }
  T* end() const { return get() + count_; }

 private:
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  std::size_t count_;
  std::unique_ptr<T[], Free> data_;
};

/// The generator of peers/random.ts, bit for bit: 24 uniform bits.
class Random {
 public:
  explicit Random(std::uint32_t seed) : state_(seed) {}
  std::uint32_t operator()() {
    state_ += 0x9e3779b9U;
    std::uint32_t z = state_;
    z = (z ^ (z >> 16)) * 0x21f0aaadU;
    z = (z ^ (z >> 15)) * 0x735a2d97U;
    z ^= z >> 15;
    return z >> 8;
  }

 private:
  std::uint32_t state_;
};

inline float uniform(std::uint32_t bits) { return static_cast<float>(bits) / 8388608.0F - 1.0F; }
inline std::uint32_t whole(std::uint32_t bits, std::uint32_t count) {
  return static_cast<std::uint32_t>((static_cast<std::uint64_t>(bits) * count) >> 24);
}

/// What random.ts's fill, fillActivations and fillWeights give, by type.
template <class T>
Values<T> random(std::size_t count, std::uint32_t seed) {
  Values<T> result(count);
  Random next(seed);
  for (T& value : result) {
    if constexpr (std::is_same_v<T, float>) value = uniform(next());
    if constexpr (std::is_same_v<T, std::uint8_t>) value = static_cast<T>(whole(next(), 128));
    if constexpr (std::is_same_v<T, std::int8_t>) value = static_cast<T>(static_cast<int>(whole(next(), 255)) - 127);
  }
  return result;
}

}  // namespace optlab::peers
