#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/math.h"
#include "profile/work.h"

/// For tests: a float that counts what is done with it, so that a loop over it says what it really computes.
namespace optlab::profile {

/// Arithmetic on Counted goes on in float32, with the same results, and adds one to `Counted::work` for each operation.
struct Counted {
  float value = 0.0F;
  Counted() = default;
  Counted(float v) : value(v) {}  // NOLINT: a constant is a number like any other

  static inline Work work;

  friend Counted operator+(Counted a, Counted b) { return ++work.additions, Counted(a.value + b.value); }
  friend Counted operator-(Counted a, Counted b) { return ++work.additions, Counted(a.value - b.value); }
  friend Counted operator*(Counted a, Counted b) { return ++work.multiplications, Counted(a.value * b.value); }
  friend Counted operator/(Counted a, Counted b) { return ++work.divisions, Counted(a.value / b.value); }
  friend bool operator<(Counted a, Counted b) { return ++work.comparisons, a.value < b.value; }
  friend bool operator>(Counted a, Counted b) { return ++work.comparisons, a.value > b.value; }
  Counted& operator+=(Counted b) { return *this = *this + b; }
  Counted& operator*=(Counted b) { return *this = *this * b; }
  Counted& operator/=(Counted b) { return *this = *this / b; }
};

inline Counted exp(Counted x) { return ++Counted::work.functions, Counted(math::exp(x.value)); }
inline Counted tanh(Counted x) { return ++Counted::work.functions, Counted(math::tanh(x.value)); }
inline Counted sqrt(Counted x) { return ++Counted::work.roots, Counted(math::sqrt(x.value)); }

/// An operand that notes which of its elements are read.
class CountedOperand {
 public:
  explicit CountedOperand(std::vector<float> values) : values_(std::move(values)), read_(values_.size()) {}
  Counted operator[](std::size_t i) const {
    read_[i] = true;
    return values_[i];
  }
  /// Bytes of the elements read so far, each once.
  std::int64_t bytes_read() const { return 4 * std::count(read_.begin(), read_.end(), true); }

 private:
  std::vector<float> values_;
  mutable std::vector<bool> read_;
};

/// The arithmetic of `loops`, which compute with Counted.
template <class Loops>
Work count_operations(const Loops& loops) {
  Counted::work = {};
  loops();
  return Counted::work;
}

}  // namespace optlab::profile
