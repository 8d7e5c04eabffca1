#include "attention/rope_table.h"

#include "core/error.h"
#include "core/math.h"

namespace optlab::attention {
namespace {

constexpr int kMostPositions = 8192;

std::size_t checked_count(int positions, int size, float base) {
  if (positions < 0 || positions > kMostPositions || size < 2 || size % 2 != 0 || !(base > 1.0F)) {
    throw_invalid({"RopeTable: ", positions, " positions, D ", size, ", base ", base, "; want 0 to ", kMostPositions,
                   ", an even D >= 2, base > 1"});
  }
  return checked_element_count("RopeTable", {positions, size});
}

}  // namespace

RopeTable::RopeTable(int positions, int size, float base)
    : positions_(positions), size_(size), cosines_(checked_count(positions, size, base)), sines_(cosines_.size()) {
  const float log_base = math::log(base);
  for (int i = 0; i < size; i += 2) {
    const float frequency = math::exp(-(static_cast<float>(i) / static_cast<float>(size)) * log_base);
    for (int p = 0; p < positions; ++p) {
      const float angle = static_cast<float>(p) * frequency;
      const std::size_t at = static_cast<std::size_t>(p) * size + i;
      cosines_.data()[at] = cosines_.data()[at + 1] = math::cos(angle);
      sines_.data()[at + 1] = math::sin(angle);
      sines_.data()[at] = -sines_.data()[at + 1];
    }
  }
}

}  // namespace optlab::attention
